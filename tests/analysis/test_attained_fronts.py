"""What a share of several runs has attained."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis import attainment, limited_attainment
from luthier.errors import StudyError, TooFewResultsError
from luthier.testing import history, trial


def run(*points, directions=("minimize", "minimize")):
    return history(*[trial({"x": 0.5}, p) for p in points], directions=directions)


def test_levels_are_order_statistics_of_the_fronts():
    """Three runs of one point each: at x = 2 the second values are 3, 2, 1."""
    runs = [run((0.0, 3.0)), run((1.0, 2.0)), run((2.0, 1.0), (5.0, 5.0))]
    found = attainment(runs, [1 / 3, 2 / 3, 1.0])
    assert found.x.tolist() == [0, 1, 2]
    nan = np.nan
    np.testing.assert_array_equal(found.y, [[3, 2, 1], [nan, 3, 2], [nan, nan, 3]])
    assert found.n_runs == 3


def test_values_keep_their_sign():
    both = ("maximize", "minimize")
    found = attainment([run((1.0, 5.0), (2.0, 7.0), directions=both)] * 2, [1.0])
    assert found.x.tolist() == [2, 1]  # the best first
    assert found.y.tolist() == [[7, 5]]


def test_one_level_covers_about_its_share_of_new_runs():
    """Of points with independent uniform values: the median attained by a run of 30."""
    rng = np.random.default_rng(0)

    def new():
        return run(*[tuple(p) for p in rng.random((30, 2)).tolist()])

    found = attainment([new() for _ in range(60)], [0.5])
    x, y = found.x, found.y[0]
    at = np.searchsorted(x, 0.2)
    better = [
        (losses[losses[:, 0] <= x[at], 1].min(initial=2) <= y[at])
        for losses in (new().losses for _ in range(300))
    ]
    assert 0.35 <= np.mean(better) <= 0.65


def test_of_three_objectives_slices_are_the_attainment_of_those_that_keep_a_limit():
    """A value of three objectives is attained where it is in the slice of its third one."""
    rng = np.random.default_rng(0)
    both = ("minimize", "maximize", "maximize")
    runs = [run(*map(tuple, rng.random((12, 3)).tolist()), directions=both) for _ in range(5)]
    found = limited_attainment(runs, [0.4, 1.0])
    assert (found.objective, found.direction) == (runs[0].objectives[2], "maximize")
    assert (np.diff(found.limit) < 0).all()  # the strictest first
    for limit, within in zip(found.limit.tolist(), found.within, strict=True):
        for level, y in zip(within.level.tolist(), within.y, strict=True):
            for x, best in zip(within.x.tolist(), y.tolist(), strict=True):
                reached = [
                    max(
                        (v[1] for v in r.values.tolist() if v[0] <= x and v[2] >= limit), default=-9
                    )
                    for r in runs
                ]
                expected = sorted(reached)[::-1][round(level * 5) - 1]
                assert best == expected or (best != best and expected == -9)


def test_limits_that_a_run_never_keeps_leave_it_without_a_front():
    both = ("minimize",) * 3
    one = run((1.0, 1.0, 0.0), (0.0, 2.0, 1.0), directions=both)
    runs = [one, run((2.0, 2.0, 5.0), directions=both)]
    found = limited_attainment(runs, [0.5, 1.0])
    assert found.limit.tolist() == [0, 1, 5]
    assert np.isnan(found.within[0].y[1]).all()
    assert not np.isnan(found.within[2].y[1]).all()


def test_what_cannot_be_put_together_is_refused():
    with pytest.raises(StudyError, match="at least one run"):
        attainment([])
    with pytest.raises(StudyError, match="same two objectives"):
        attainment([history(trial({"x": 0.5}, 1.0))])
    with pytest.raises(StudyError, match="same three objectives"):
        limited_attainment([run((0.0, 1.0))])
    with pytest.raises(ValueError, match="shares of the runs"):
        attainment([run((0.0, 1.0))], [1.5])
    with pytest.raises(TooFewResultsError, match="finite values"):
        attainment([run((np.inf, 1.0))])
