"""The best value so far, counted in trials, seconds, cost and energy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier import State, TrialRow
from luthier.analysis import incumbent
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial


def example():
    """Three trials, of which the last ended before the second."""
    return history(
        trial({"x": 0.1}, 3.0, started_s=100, finished_s=110, cost=1.0),
        trial({"x": 0.2}, 1.0, started_s=100, finished_s=140, cost=5.0),
        trial({"x": 0.3}, 2.0, started_s=110, finished_s=120, cost=2.0),
        trial({"x": 0.4}, state=State.FAILED, started_s=120, finished_s=130, cost=4.0),
    )


def test_by_trial_it_follows_the_numbers():
    line = incumbent(example())
    assert line.x.tolist() == [0, 1]
    assert line.value.tolist() == [3, 1]
    assert line.number.tolist() == [0, 1]
    assert line.end == 3
    assert line.points.value.tolist() == [3, 1, 2]


def test_by_time_and_cost_it_follows_the_ends():
    by_time = incumbent(example(), by="time")
    assert by_time.x.tolist() == [10, 20, 40]
    assert by_time.value.tolist() == [3, 2, 1]
    assert by_time.end == 40
    by_cost = incumbent(example(), by="cost")
    assert by_cost.x.tolist() == [1, 3, 12]  # what failed was paid for as well
    assert by_cost.end == 12


def test_by_energy_it_reads_the_tags():
    rows = [
        TrialRow(number=i, state=State.COMPLETE, values=(v,), tags={"energy_kwh": e})
        for i, (v, e) in enumerate([(2.0, 0.5), (1.0, 0.25)])
    ]
    h = history(*[trial(value=r.value) for r in rows])
    line = incumbent(h, by="energy", rows_of=lambda numbers: [rows[i] for i in numbers])
    assert line.x.tolist() == [0.5, 0.75]
    with pytest.raises(TooFewResultsError, match="within luthier"):
        incumbent(h, by="energy")


def test_what_was_never_noted_is_asked_for():
    h = history(trial({"x": 0.1}, 1.0))
    for by, advice in (("cost", "set_cost"), ("time", "no times")):
        with pytest.raises(TooFewResultsError, match=advice):
            incumbent(h, by=by)
    with pytest.raises(ValueError, match="'trial', 'time', 'cost', 'energy', got 'speed'"):
        incumbent(h, by="speed")


def test_infeasible_trials_are_points_but_never_the_best():
    h = history(
        trial({"x": 0.1}, 1.0, constraints={"memory": 1.0}),
        trial({"x": 0.2}, 2.0, constraints={"memory": -1.0}),
    )
    line = incumbent(h)
    assert line.value.tolist() == [2]
    assert line.points.feasible.tolist() == [False, True]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20), st.booleans())
def test_it_is_the_running_best(values, maximize):
    direction = "maximize" if maximize else "minimize"
    line = incumbent(history(*[trial({"x": 0.5}, v) for v in values], directions=[direction]))
    running = (np.maximum if maximize else np.minimum).accumulate(values)
    at = np.searchsorted(line.x, np.arange(len(values)), side="right") - 1
    assert line.value[at].tolist() == running.tolist()
    assert len(set(line.value.tolist())) == len(line.value)
    assert not math.isnan(line.end)
