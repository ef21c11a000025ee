"""Who ran what when."""

from __future__ import annotations

import numpy as np
import pytest

from luthier import State, TrialRow
from luthier.analysis import timeline
from luthier.errors import TooFewResultsError
from luthier.testing import history, trial
from luthier.trial.record import Turn


def ran(start, end, state=State.COMPLETE, **fields):
    value = 1.0 if state == State.COMPLETE else None
    return trial({"x": 0.5}, value, state, started_s=start, finished_s=end, **fields)


def test_bars_lie_on_the_fewest_lanes():
    found = timeline(history(ran(100, 110), ran(102, 104), ran(104, 112), ran(110, 111)))
    assert found.began_s == 100
    assert found.start_s.tolist() == [0, 2, 4, 10]
    assert found.end_s.tolist() == [10, 4, 12, 11]
    assert found.lane.tolist() == [0, 1, 1, 0]
    assert found.idle_share == pytest.approx(1 - 21 / 24)


def test_the_load_adds_up_to_the_time_that_trials_took():
    h = history(
        ran(0, 40),
        ran(0, 10, State.FAILED),
        ran(10, 30, State.PRUNED),
        ran(35, None, State.RUNNING),
    )
    found = timeline(h)
    spent = (found.load * np.diff(found.slot_s)[:, None]).sum(axis=0)
    by_state = dict(zip(found.states, spent, strict=True))
    assert by_state[State.COMPLETE] == pytest.approx(40)
    assert by_state[State.FAILED] == pytest.approx(10)
    assert by_state[State.PRUNED] == pytest.approx(20)
    assert by_state[State.RUNNING] == pytest.approx(5)  # up to the end of the timeline


def test_pauses_workers_and_waiting_trials_are_told():
    rows = [
        TrialRow(number=0, state=State.COMPLETE, worker="ant"),
        TrialRow(number=1, state=State.COMPLETE, worker="bee"),
    ]
    h = history(
        ran(0, 9, turns=(Turn(0.0, {"x": 0.1}), Turn(3.0, {"x": 0.2}), Turn(6.0, {"x": 0.3}))),
        ran(1, 2),
        trial({"x": 0.5}, state=State.WAITING),
    )
    found = timeline(h, lambda numbers: [rows[i] for i in numbers])
    assert found.worker == ("ant", "bee")
    assert found.n_pauses.tolist() == [2, 0]
    assert (found.n, found.n_waiting) == (2, 1)


def test_times_in_which_a_study_rested_are_no_idle_time():
    found = timeline(history(ran(0, 9), ran(2, 10), ran(5000, 5010), ran(5000, 5010)))
    assert found.pauses.tolist() == [[10, 5000]]
    assert found.idle_share == pytest.approx(1 - 37 / 40)


def test_a_wait_that_is_short_or_beside_a_running_trial_is_no_pause():
    assert timeline(history(ran(0, 9), ran(60, 70))).pauses.shape == (0, 2)  # under a minute
    assert timeline(history(ran(0, 100), ran(900, 1000))).pauses.shape == (0, 2)  # nor long
    assert timeline(history(ran(0, 9), ran(0, 500), ran(400, 410))).pauses.shape == (0, 2)


def test_trials_that_took_no_time_and_clocks_that_went_back_are_drawn():
    found = timeline(history(ran(5, 5), ran(5, 4)))
    assert (found.end_s >= found.start_s).all()
    assert found.idle_share == 0


def test_of_many_trials_the_latest_are_bars_and_all_are_in_the_load():
    found = timeline(history(*[ran(i, i + 1) for i in range(6_000)]))
    assert len(found.number) == 5_000
    assert found.number[0] == 1_000
    assert found.load.sum(axis=1) == pytest.approx(1)


def test_without_times_it_says_so():
    with pytest.raises(TooFewResultsError, match="time at which it began"):
        timeline(history(trial({"x": 0.5}, 1.0)))
