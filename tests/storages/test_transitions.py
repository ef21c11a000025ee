"""The state machine of a trial, one function at a time."""

import pytest
from msgspec.structs import replace

from luthier.errors import LeaseLostError, TrialError
from luthier.storages import transitions
from luthier.trial.record import State, TrialRow, Turn

NOW, LEASE_S, MAX_RETRIES = 1_000.0, 60.0, 2
WAITING = TrialRow(number=0, state=State.WAITING, params={"x": 1})
RUNNING = replace(
    WAITING, state=State.RUNNING, token=1, lease_s=NOW + 1, worker="other", started_s=900.0
)
PAUSED = replace(RUNNING, state=State.PAUSED, lease_s=0.0, values=(0.5,), finished_s=910.0)
ENDED = replace(PAUSED, state=State.COMPLETE)
TURN = Turn(3.0, {"x": 2})


def claim(row, **options):
    return transitions.claim(row, "me", NOW, LEASE_S, MAX_RETRIES, **options)


def test_only_a_trial_that_is_added_running_has_a_lease():
    assert transitions.first_lease(State.RUNNING, NOW) == (1, NOW)
    for state in set(State) - {State.RUNNING}:
        assert transitions.first_lease(state, NOW) == (0, 0.0)


def test_a_waiting_trial_is_claimed():
    row = claim(WAITING)
    assert (row.state, row.worker, row.token, row.retries) == (State.RUNNING, "me", 1, 0)
    assert (row.lease_s, row.started_s) == (NOW + LEASE_S, NOW)


@pytest.mark.parametrize("row", [RUNNING, PAUSED, ENDED])
def test_no_other_trial_is_claimed(row):
    assert claim(row) is None


def test_a_running_trial_is_claimed_when_its_lease_has_expired():
    row = claim(replace(RUNNING, lease_s=NOW - 1))
    assert (row.state, row.worker, row.token, row.retries) == (State.RUNNING, "me", 2, 1)


def test_a_trial_that_has_lost_its_worker_too_often_fails():
    row = claim(replace(RUNNING, lease_s=NOW - 1, retries=MAX_RETRIES))
    assert (row.state, row.finished_s, row.checkpoints) == (State.FAILED, NOW, ())
    assert row.error.startswith("WorkerDiedError: the worker died or fell silent 3 times")


def test_a_paused_trial_is_claimed_with_a_turn():
    lent = ({"step": 3.0},)
    row = claim(PAUSED, turn=TURN, token=1, checkpoints=lent)
    assert (row.state, row.params, row.checkpoints) == (State.RUNNING, {"x": 2}, lent)
    times = {"paused_s": PAUSED.finished_s, "resumed_s": NOW}
    assert row.turns == (Turn(0.0, {"x": 1}), replace(TURN, **times))
    assert row.started_s == NOW - 10  # what it ran before the pause counts
    assert claim(PAUSED, turn=TURN, token=2) is None
    assert claim(WAITING, turn=TURN) is None


def test_a_first_turn_with_the_same_params_stands_alone():
    [turn] = claim(PAUSED, turn=Turn(3.0, {"x": 1})).turns
    assert (turn.step, turn.params) == (3.0, {"x": 1})


def test_a_report_prolongs_the_lease_and_may_change_params_and_checkpoints():
    assert transitions.report(RUNNING, 5.0, None, {}) == (replace(RUNNING, lease_s=5.0), False)
    assert transitions.report(RUNNING, 5.0, None, {"x": 1})[1] is False
    row, changed = transitions.report(RUNNING, 5.0, ({"step": 1.0},), {"x": 7})
    assert changed
    assert (row.checkpoints, row.params) == (({"step": 1.0},), {"x": 7})


def test_a_result_is_stored_once():
    done = replace(ENDED, turns=(TURN,), retries=5, lease_s=9.0)
    stored = transitions.finish(done, replace(RUNNING, retries=1))
    assert (stored.state, stored.turns, stored.retries, stored.lease_s) == (
        State.COMPLETE,
        (),
        1,
        0.0,
    )
    assert transitions.finish(done, stored) is None
    with pytest.raises(LeaseLostError):
        transitions.finish(replace(done, values=(9.0,)), stored)
    with pytest.raises(LeaseLostError):
        transitions.finish(done, replace(RUNNING, token=2))


def test_a_pause_forgets_retries():
    assert transitions.finish(PAUSED, replace(RUNNING, retries=2)).retries == 0


def test_a_released_trial_waits_until_its_last_retry():
    released = transitions.release(RUNNING, True, MAX_RETRIES, NOW)
    assert (released.state, released.retries, released.lease_s) == (State.WAITING, 1, 0.0)
    again = replace(RUNNING, retries=MAX_RETRIES)
    assert transitions.release(again, True, MAX_RETRIES, NOW).state == State.FAILED
    assert transitions.release(again, False, MAX_RETRIES, NOW).state == State.WAITING


@pytest.mark.parametrize(
    ("until_s", "expired"),
    [
        (NOW - 1, True),
        (NOW, False),
        (NOW + LEASE_S, False),
        (NOW + LEASE_S + 3_601, True),  # the clock was set back
    ],
)
def test_a_lease_expires_when_its_time_has_come(until_s, expired):
    assert transitions.lease_expired(until_s, NOW, LEASE_S) is expired


@pytest.mark.parametrize("row", [WAITING, PAUSED, ENDED, replace(RUNNING, token=2)])
def test_who_does_not_hold_a_trial_is_refused(row):
    transitions.require_token(RUNNING, 1)
    with pytest.raises(LeaseLostError, match="trial 0 is over or was given to another worker"):
        transitions.require_token(row, 1)


def test_a_trial_that_is_not_there_is_refused():
    transitions.require_trial(1, range(2))
    with pytest.raises(TrialError, match="no trial 2"):
        transitions.require_trial(2, range(2))
