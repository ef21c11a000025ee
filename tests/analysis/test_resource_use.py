"""What a study used, and what early stopping saved."""

from __future__ import annotations

import math

import numpy as np
import pytest

from luthier import State, TrialRow
from luthier.analysis import resources
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial


def ran(value, steps, state=None, start=0.0, per_step=2.0, **fields):
    return trial(
        {"x": 0.5},
        value,
        state,
        reports=[1.0] * steps,
        started_s=start,
        finished_s=start + per_step * steps,
        **fields,
    )


def test_what_trials_used_is_added_up_by_state():
    h = history(
        ran(1.0, 10, cost=5.0),
        ran(None, 4, State.PRUNED, start=20.0, cost=2.0),
        ran(None, 1, State.FAILED, start=28.0),
    )
    found = resources(h)
    assert found.kinds == ("time", "cost", "energy", "steps")
    by_state = dict(zip(found.states, found.used.tolist(), strict=True))
    assert by_state[State.COMPLETE] == [20, 5, 0, 10]
    assert by_state[State.PRUNED] == [8, 2, 0, 4]
    assert by_state[State.FAILED] == [2, 0, 0, 1]
    assert found.n.tolist() == [1, 1, 0, 1]
    assert found.n_noted[:, 1].tolist() == [1, 1, 0, 0]
    assert found.wall_s == 30


def test_the_saving_is_what_the_missing_steps_would_have_used():
    """Six steps were not run, at 2 s and at a cost of 0.5 each."""
    h = history(ran(1.0, 10, cost=5.0), ran(None, 4, State.PRUNED, start=20.0, cost=2.0))
    found = resources(h)
    assert found.full_resource == 10
    np.testing.assert_allclose(found.saved, [12, 3, np.nan, 6])
    np.testing.assert_allclose(found.saved_share, [12 / 40, 0.3, np.nan, 6 / 20])


def test_paused_trials_are_taken_to_run_as_fast_as_complete_ones():
    h = history(ran(1.0, 10), trial({"x": 0.1}, state=State.PAUSED, reports=[1.0] * 2))
    assert resources(h).saved[0] == 16


def test_without_a_complete_trial_that_reported_nobody_knows_the_saving():
    found = resources(history(trial({"x": 0.1}, 1.0), trial({"x": 0.1}, state=State.PRUNED)))
    assert np.isnan(found.saved).all()
    assert math.isnan(found.full_resource)
    assert math.isnan(found.wall_s)


def test_energy_is_read_from_the_tags():
    rows = [TrialRow(number=0, state=State.COMPLETE, tags={"energy_kwh": 0.25})]
    found = resources(history(trial({"x": 0.1}, 1.0)), lambda numbers: rows)
    assert found.used[0, 2] == 0.25


def test_before_the_first_turn_there_is_nothing():
    with pytest.raises(TooFewResultsError, match="turn"):
        resources(history(trial({"x": 0.1})))
