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


def test_workers_and_waiting_trials_are_told():
    rows = [
        TrialRow(number=0, state=State.COMPLETE, worker="ant"),
        TrialRow(number=1, state=State.COMPLETE, worker="bee"),
    ]
    h = history(
        ran(0, 9),
        ran(1, 2),
        trial({"x": 0.5}, state=State.WAITING),
    )
    found = timeline(h, lambda numbers: [rows[i] for i in numbers])
    assert found.worker == ("ant", "bee")
    assert (found.n, found.n_waiting) == (2, 1)


def test_a_trial_that_was_paused_has_a_bar_for_each_turn_and_leaves_its_lane():
    turns = (Turn(0.0, {"x": 0.1}), Turn(3.0, {"x": 0.5}, None, 104, 110), Turn(6, {}, 0, 112, 118))
    rows = [TrialRow(number=i, state=State.COMPLETE, worker=w) for i, w in enumerate("ab")]
    h = history(ran(112, 120, turns=turns), ran(104, 109))
    found = timeline(h, lambda numbers: [rows[i] for i in numbers])
    assert found.number.tolist() == [0, 1, 0, 0]
    assert found.start_s.tolist() == [0, 4, 10, 18]
    assert found.end_s.tolist() == [4, 9, 12, 20]
    assert [State(s) for s in found.state] == [
        State.PAUSED,
        State.COMPLETE,
        State.PAUSED,
        State.COMPLETE,
    ]
    assert found.pauses.tolist() == [[0, 2], [2, 3]]
    assert found.lane.tolist() == [0, 0, 0, 0]
    assert found.worker == ("", "b", "", "a")
    assert found.n_unknown.tolist() == [0, 0, 0, 0]


def test_pauses_whose_times_were_not_stored_are_counted_and_not_made_up():
    old = Turn(3.0, {"x": 0.5})
    later = Turn(6.0, {"x": 0.5}, None, 130.0, 140.0)
    found = timeline(history(ran(100, 110, turns=(old,)), ran(120, 142, turns=(old, later))))
    assert found.number.tolist() == [0, 1, 1]
    assert found.start_s.tolist() == [0, 10, 40]
    assert found.end_s.tolist() == [10, 30, 42]
    assert found.n_unknown.tolist() == [1, 1, 0]


def test_a_trial_that_waits_to_be_run_again_is_not_drawn_as_if_it_ran():
    found = timeline(history(ran(0, 5), ran(1, None, State.WAITING)))
    assert (found.number.tolist(), found.n_waiting) == ([0], 1)


def test_times_in_which_a_study_rested_are_no_idle_time():
    found = timeline(history(ran(0, 9), ran(2, 10), ran(5000, 5010), ran(5000, 5010)))
    assert found.rests.tolist() == [[10, 5000]]
    assert found.idle_share == pytest.approx(1 - 37 / 40)


def test_a_wait_that_is_short_or_beside_a_running_trial_is_no_rest():
    assert timeline(history(ran(0, 9), ran(60, 70))).rests.shape == (0, 2)  # under a minute
    assert timeline(history(ran(0, 100), ran(900, 1000))).rests.shape == (0, 2)  # nor long
    assert timeline(history(ran(0, 9), ran(0, 500), ran(400, 410))).rests.shape == (0, 2)


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
