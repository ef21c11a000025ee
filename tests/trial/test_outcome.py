"""How a trial ends: run here, told from outside, or lost."""

from __future__ import annotations

import contextlib
import gc
import math
import weakref

import pytest

import luthier
from luthier import Space, State, TrialRow
from luthier.errors import LeaseLostError, ObjectiveValueError, StorageFullError, TrialError
from luthier.trial.handle import Trial
from luthier.trial.notes import TrialNotes
from luthier.trial.outcome import (
    Outcome,
    describe_exception,
    execute,
    outcome_from_tell,
    outcome_of_failure,
)
from luthier.trial.record import Decision
from luthier.trial.ticket import Ticket

PAUSED = TrialNotes(decision=Decision.PAUSE)


class Link:
    def __init__(self, decision):
        self.decision = decision

    def report(self, step, value, reference, params):
        """Reports are not looked at."""

    def decide(self):
        return self.decision


def run(objective, decision=Decision.CONTINUE, objectives=("value",)):
    ticket = Ticket(number=3, proposal={}, objectives=objectives)
    return execute(objective, Trial(ticket, Space(), Link(decision)))


def tell(value, state=None, notes=None, objectives=("value",), error=None):
    return outcome_from_tell(3, objectives, notes or TrialNotes(), value, state, error)


class FullLink(Link):
    def report(self, step, value, reference, params):
        raise StorageFullError("full")


@pytest.mark.parametrize("decision", list(Decision))
def test_a_trial_prunes_itself_only_where_it_is_told_to_or_met_no_fault_of_the_machine(decision):
    def objective(trial):
        with contextlib.suppress(StorageFullError):
            trial.report(0.5, 1)
        trial.should_stop()
        raise luthier.TrialPruned

    out = execute(objective, Trial(Ticket(number=3, proposal={}), Space(), FullLink(decision)))
    told = {Decision.STOP: State.PRUNED, Decision.PAUSE: State.PAUSED}
    assert out.state == told.get(decision, State.FAILED)
    assert isinstance(out.exception, StorageFullError) == (decision not in told)


def test_an_outcome_holds_what_the_objective_left():
    def objective(trial):
        trial.suggest_float("x", 0, 1)
        trial.set_tag("a", 1)
        trial.set_cost(2)
        trial.set_constraint("c", -1)
        return 0.5

    out = run(objective)
    assert (out.state, out.values, out.error) == (State.COMPLETE, (0.5,), None)
    assert list(out.params) == list(out.suggested) == ["x"]
    assert (out.tags, out.cost, out.constraints) == ({"a": 1}, 2.0, {"c": -1.0})
    assert out.started_s <= out.finished_s


@pytest.mark.parametrize(
    ("decision", "state"), [(Decision.STOP, State.PRUNED), (Decision.PAUSE, State.PAUSED)]
)
def test_a_pruned_trial_is_paused_where_the_scheduler_paused_it(decision, state):
    def objective(trial):
        trial.report(0.5, 1)
        assert trial.should_stop()
        raise luthier.TrialPruned

    assert run(objective, decision).state == state


def test_an_exception_fails_the_trial_with_its_traceback():
    def objective(trial):
        trial.set_tag("a", 1)
        raise ZeroDivisionError("by zero")

    out = run(objective)
    assert (out.state, out.values, out.tags) == (State.FAILED, None, {"a": 1})
    assert isinstance(out.exception, ZeroDivisionError)
    assert out.error.startswith("ZeroDivisionError: by zero\nTraceback")


def test_nan_fails_the_trial_and_says_which():
    out = run(lambda trial: math.nan)
    assert (out.state, out.values) == (State.FAILED, None)
    assert out.error == "ObjectiveValueError: trial 3 returned nan; NaN is no result"
    assert run(lambda t: (1, math.nan), objectives=("a", "b")).error.endswith(
        "NaN (b) is no result"
    )


def test_an_outcome_cannot_be_changed_but_fail():
    out = run(lambda trial: 1.0)
    with pytest.raises(AttributeError):
        out.state = State.FAILED
    e = ObjectiveValueError("wrong")
    failed = out.failed_with(e)
    assert (failed.state, failed.values, failed.error, failed.exception) == (
        State.FAILED,
        None,
        "ObjectiveValueError: wrong",
        e,
    )
    assert failed.finished_s == out.finished_s


def test_told_a_trial_is_complete_with_a_value_and_failed_without():
    assert (tell(1).state, tell(1).values, tell(1).error) == (State.COMPLETE, (1.0,), None)
    assert (tell(None).state, tell(None).error) == (State.FAILED, "told as failed")
    assert tell(None, "failed", error="out of memory").error == "out of memory"
    assert tell(math.nan).state == State.FAILED
    assert tell({"b": 2, "a": 1}, objectives=("a", "b")).values == (1.0, 2.0)


def test_told_pruned_is_paused_where_the_scheduler_paused_it():
    assert tell(None, "pruned").state == State.PRUNED
    assert tell(None, "pruned", PAUSED).state == State.PAUSED
    assert tell(None, State.PAUSED, PAUSED).state == State.PAUSED
    with pytest.raises(TrialError, match="a trial ends complete, pruned or failed, got 'paused'"):
        tell(None, "paused")
    with pytest.raises(TrialError, match="got 'running'"):
        tell(1, "running")


def test_a_worker_that_could_not_say_fails_the_trial():
    out = outcome_of_failure(RuntimeError("gone"), TrialNotes(params={"x": 1}, tags={"a": 2}))
    assert (out.state, out.error) == (State.FAILED, "RuntimeError: gone")
    assert (out.params, out.tags) == ({"x": 1}, {"a": 2})


class Mute(Exception):
    def __str__(self):
        raise ValueError


def test_exceptions_are_described_whatever_their_text():
    assert describe_exception(Mute()).startswith("Mute: <its text cannot be had>\n")
    assert describe_exception(KeyError()).startswith("KeyError\n")
    assert describe_exception(ValueError("one\ntwo")).splitlines()[0] == "ValueError: one"
    assert describe_exception(LeaseLostError("lost")) == "LeaseLostError: lost"
    describe_exception(ValueError("\udc80")).encode()


def test_an_outcome_travels():
    import pickle

    out = Outcome(state=State.COMPLETE, values=(1.0,), tags={"a": 1})
    assert pickle.loads(pickle.dumps(out)) == out


class Big:
    """Something large that an objective holds."""


@pytest.mark.parametrize("cause", [False, True])
def test_a_failed_trial_that_is_caught_lets_go_of_what_it_held(cause):
    held = []

    def fails(trial):
        big = Big()
        held.append(weakref.ref(big))
        if cause:
            try:
                raise KeyError(repr(big))
            except KeyError as e:
                raise ValueError from e
        raise ValueError(repr(big))

    gc.disable()
    try:
        luthier.create_study(seed=0).optimize(fails, n_trials=3, catch=ValueError)
        assert [ref() for ref in held] == [None] * 3
    finally:
        gc.enable()


def test_a_failure_that_is_raised_keeps_its_frames_for_a_debugger():
    def fails(trial):
        big = Big()
        raise ValueError(repr(big))

    with pytest.raises(ValueError, match="Big") as raised:
        luthier.create_study(seed=0).optimize(fails, n_trials=1)
    assert "big" in raised.traceback[-1].frame.f_locals


class OwnReason(luthier.TrialDisturbedError):
    """A reason of the user's."""


@pytest.mark.parametrize("error", [luthier.TrialDisturbedError("away"), OwnReason("away")])
def test_a_disturbed_trial_is_known_by_its_error_however_it_ends(error):
    def objective(trial):
        raise error

    for out in (run(objective), tell(None, error=error)):
        assert out.state == State.FAILED
        row = TrialRow(number=3, state=out.state, error=out.error)
        assert row.disturbed
        assert row.error.startswith("TrialDisturbedError: away")
    assert not TrialRow(number=3, state=State.FAILED, error="ValueError: away").disturbed


@pytest.mark.parametrize(
    ("value", "state", "error"), [(1.0, None, "e"), (None, "pruned", "e"), (None, None, 3)]
)
def test_an_error_that_is_none_or_of_no_failure_is_refused(value, state, error):
    with pytest.raises(TrialError, match="error="):
        tell(value, state, error=error)
