"""When the turns of trials were, as storages note it."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import State
from luthier.analysis.turn_times import find_turn_times
from luthier.testing import history, trial
from luthier.trial.record import Turn


def test_trials_without_turns_are_as_they_ran():
    found = find_turn_times(
        history(
            trial({"x": 0.1}, 1.0, started_s=5.0, finished_s=9.0),
            trial({"x": 0.1}, 1.0, started_s=3.0, finished_s=2.0),  # a clock was set back
            trial({"x": 0.1}, state=State.RUNNING, started_s=4.0),
            trial({"x": 0.1}, 1.0),
        )
    )
    assert found.number.tolist() == [1, 2, 0]
    assert found.end_s.tolist() == pytest.approx([3, np.nan, 9], nan_ok=True)
    assert not found.n_unknown.any()


def test_a_trial_that_is_paused_ends_with_its_pause_and_has_its_turns():
    turn = Turn(2.0, {"x": 0.1}, None, 12.0, 20.0)
    found = find_turn_times(
        history(trial({"x": 0.1}, None, State.PAUSED, started_s=18, finished_s=25, turns=(turn,)))
    )
    assert found.start_s.tolist() == [10, 20]
    assert found.end_s.tolist() == [12, 25]
    assert found.state.tolist() == [State.PAUSED, State.PAUSED]


def test_turns_of_a_real_study_add_up_to_the_time_that_its_trials_took():
    def train(t):
        for step in range(int(t.step) + 1, 10):
            t.report(t.params["x"] + 1 / step, step)
            if t.should_prune():
                raise luthier.TrialPruned
        return t.params["x"]

    study = luthier.create_study(
        space={"x": luthier.Float(0, 1)}, scheduler=luthier.schedulers.ASHA(1, 9), seed=0
    )
    study.optimize(train, n_trials=20, progress=False)
    found = find_turn_times(study.history)
    assert len(found.number) > 20
    assert not found.n_unknown.any()
    spent = np.bincount(found.number, weights=found.end_s - found.start_s)
    assert spent == pytest.approx(study.history.duration_s, abs=1e-3)
