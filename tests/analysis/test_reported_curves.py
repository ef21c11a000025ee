"""Curves of what trials reported, and their forecasts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import State
from luthier.analysis import curves
from luthier.analysis.reported_curves import LEVELS
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial


def curve(found, i):
    at = slice(found.begin[i], found.begin[i + 1])
    return found.step[at].tolist(), found.value[at].tolist()


def test_each_trial_is_a_curve_the_worst_first():
    h = history(
        trial({"x": 0.1}, 1.0, reports={1: 5, 3: 1}),
        trial({"x": 0.2}, state=State.PRUNED, reports={2: 9, 1: math.inf}),
        trial({"x": 0.3}, 2.0, reports={1: math.nan}),
        trial({"x": 0.4}, 3.0),
    )
    found = curves(h)
    assert found.number.tolist() == [2, 1, 0]
    assert curve(found, 2) == ([1, 3], [5, 1])
    assert curve(found, 1) == ([1, 2], [math.inf, 9])
    assert found.state.tolist() == [State.COMPLETE, State.PRUNED, State.COMPLETE]
    assert (found.n, found.bands) == (3, None)


def test_a_maximised_objective_keeps_its_sign():
    rows = [trial({"x": 0.1}, 2.0, reports=[1, 2]), trial({"x": 0.2}, 9.0, reports=[5, 9])]
    found = curves(history(*rows, directions=["maximize"]))
    assert found.number.tolist() == [0, 1]
    assert curve(found, 1)[1] == [5, 9]


def falling(n, n_open=1, steps=16):
    """Curves that fall to their own ends, of which the last are not complete."""
    rng = np.random.default_rng(0)
    ends = rng.random(n)
    rows = []
    for i, end in enumerate(ends):
        reports = [end + 1 / s for s in range(1, steps + 1)]
        open_ = i >= n - n_open
        rows.append(
            trial(
                {"x": 0.5},
                None if open_ else reports[-1],
                State.PRUNED if open_ else None,
                reports=reports[: steps // 2] if open_ else reports,
            )
        )
    return history(*rows), ends


def test_open_trials_have_a_fan_that_widens_with_its_level():
    h, ends = falling(30)
    [fan] = curves(h).fans
    assert fan.number == 29
    assert fan.step[0] == 8
    assert fan.step[-1] == 16
    assert (np.diff(fan.high - fan.low, axis=0) >= 0).all()
    assert fan.low.shape == (len(LEVELS), len(fan.step))
    assert fan.low[-1, -1] <= ends[29] + 1 / 16 <= fan.high[-1, -1]
    assert curves(h, n_fans=0).fans == ()


def test_no_fan_before_a_trial_is_complete_or_with_several_objectives():
    h, _ = falling(3, n_open=3)
    assert curves(h).fans == ()
    two = history(
        trial({"x": 0.1}, (1.0, 2.0), reports={1: (3.0, 4.0), 2: (1.0, 2.0)}),
        trial({"x": 0.1}, state=State.PRUNED, reports={1: (3.0, 4.0)}),
        directions=["minimize", "maximize"],
    )
    found = curves(two, objective="value_1")
    assert found.fans == ()
    assert curve(found, 0)[1] == [4, 2]


def test_of_many_curves_bands_stand_for_all():
    h, _ = falling(400, n_open=100)
    found = curves(h)
    assert len(found.number) == 200
    assert found.n == 400
    assert found.bands.n[0] == 400
    assert found.bands.n[-1] == 300
    first = [h.reports_of(i)[1][0] for i in range(400)]
    np.testing.assert_allclose(found.bands.value[:, 0], np.quantile(first, found.bands.share))


def test_long_curves_are_thinned_and_keep_their_ends():
    h = history(trial({"x": 0.5}, 1.0, reports=list(range(5_000))))
    steps, _ = curve(curves(h), 0)
    assert len(steps) == 200
    assert (steps[0], steps[-1]) == (1, 5_000)


def test_without_reports_it_says_what_to_do():
    with pytest.raises(TooFewResultsError, match="intermediate value"):
        curves(history(trial({"x": 0.5}, 1.0)))
