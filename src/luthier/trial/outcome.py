"""Outcome of a trial: how it ended, whether it ran here or was told from outside."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ..errors import (
    LeaseLostError,
    MachineError,
    ObjectiveValueError,
    TrialDisturbedError,
    TrialError,
    TrialPruned,
)
from ..space.distributions import Distribution
from ..validation import check_values, show, to_error_text
from .forks import LeftByOneProcess
from .handle import Trial
from .notes import TrialNotes
from .record import Decision, State

Objective = Callable[[Trial], Any]
"""Function that is optimised: takes a trial, returns a number, or one for each objective."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a trial, or of one turn of it.

    Attributes:
        state: COMPLETE, PAUSED, PRUNED or FAILED.
        values: One number for each objective, when complete.
        error: The reason and the traceback, when failed.
        exception: The exception that the objective raised, if it did, or its excuse.
        is_excused: Whether the exception is an excuse: luthier's own work for the trial failed
            with it, because of the machine or a lost lease. Otherwise it is the trial's own, also
            where another study of the objective's has raised it.
        params: The params that were used.
        suggested: The distributions that the objective asked for.
        tags: The tags that it set.
        finished_s: When it ended, in seconds since 1970.
        started_s: When it began; None where its worker could not say.
        cost: Its cost; None where none was noted.
        constraints: The constraints on its results that were noted.
        remarks: What the user should know of its params and steps, topic to text.
        proposal: Proposed params, where the objective did not use them all; else empty.
        unasked: Names that the objective was given, and never asked for.
        decision: The scheduler's last decision, as far as is known.
        is_asked: Whether the objective asked for a decision; None where nobody knows.
    """

    state: State
    values: tuple[float, ...] | None = None
    error: str | None = None
    exception: BaseException | None = None
    is_excused: bool = False
    params: dict[str, Any] = {}
    suggested: dict[str, Distribution] = {}
    tags: dict[str, Any] = {}
    finished_s: float = 0.0
    started_s: float | None = None
    cost: float | None = None
    constraints: dict[str, float] = {}
    remarks: dict[str, str] = {}
    proposal: dict[str, Any] = {}
    unasked: tuple[str, ...] = ()
    decision: Decision = Decision.CONTINUE
    is_asked: bool | None = None

    def failed_with(self, exception: BaseException) -> Outcome:
        """Return the same outcome as that of a trial that failed with an exception."""
        return msgspec.structs.replace(
            self,
            state=State.FAILED,
            values=None,
            error=describe_exception(exception),
            exception=exception,
            is_excused=False,
        )


def execute(objective: Objective, trial: Trial) -> Outcome:
    """Run an objective to its end; the same function in every executor.

    Args:
        objective: Takes a `Trial`, returns a number, or one for each of the trial's objectives, in
            order or by name.
        trial: The handle.

    Returns:
        How it ended. Only KeyboardInterrupt is raised.
    """
    started_s = time.time()
    try:
        with LeftByOneProcess():
            returned = objective(trial)
        values = check_values(returned, trial.objectives, f"trial {trial.number} returned")
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # some libraries end a task by what is no Exception
        return outcome_of_raised(trial, e, started_s)
    return outcome_of_values(trial, values, started_s)


def outcome_of_values(trial: Trial, values: tuple[float, ...], started_s: float) -> Outcome:
    """Return the outcome of a trial whose objective came to its end; NaN is a failure.

    Args:
        trial: The handle.
        values: One number for each objective.
        started_s: When the trial began.
    """
    notes = trial.notes()
    error = _describe_nan(trial.number, trial.objectives, values, notes.constraints)
    if error is None:
        return _outcome(State.COMPLETE, values, None, notes, started_s=started_s)
    excuse = trial.find_excuse()
    return _outcome(
        State.FAILED,
        None,
        error,
        notes,
        exception=excuse,
        is_excused=excuse is not None,
        started_s=started_s,
    )


def outcome_of_raised(trial: Trial, e: BaseException, started_s: float) -> Outcome:
    """Return the outcome of a trial whose objective has raised something, TrialPruned included.

    Args:
        trial: The handle.
        e: The exception.
        started_s: When the trial began.
    """
    if isinstance(e, TrialPruned):
        state, excuse = _read_pruned(trial, e)
        error = None if excuse is None else describe_exception(excuse)
        exception = None
    else:
        state = State.FAILED
        exception = _explain_habit(e) or e
        excuse = trial.find_excuse(e)
        error = describe_exception(exception)
    return _outcome(
        state,
        None,
        error,
        trial.notes(),
        exception=excuse or exception,
        is_excused=excuse is not None,
        started_s=started_s,
    )


def release_frames(e: BaseException | None) -> None:
    """Let go of what the frames of an exception hold, such as a model and its data.

    Nobody looks at them once the exception is described and caught; until the next collection of
    cycles they would stay in memory, and on a GPU.
    """
    seen: set[int] = set()
    while e is not None and id(e) not in seen:
        seen.add(id(e))
        traceback.clear_frames(e.__traceback__)
        e = e.__cause__ or e.__context__


def _read_pruned(
    trial: Trial, e: TrialPruned
) -> tuple[State, MachineError | LeaseLostError | None]:
    """Return how a trial ends that ends itself early, and its excuse if that is why."""
    decision = trial.notes().decision
    if decision is Decision.PAUSE:
        return State.PAUSED, None
    excuse = trial.find_excuse(e)
    if decision is Decision.STOP or excuse is None:
        return State.PRUNED, None
    return State.FAILED, excuse


def _explain_habit(e: BaseException) -> TrialError | None:
    """Return an error that says what to write, where a habit from another library went wrong."""
    if type(e).__name__ == "TrialPruned":  # luthier's own does not come here
        return TrialError(
            f"the objective raised {type(e).__module__}.TrialPruned, which counts as a failure "
            "here; raise luthier.TrialPruned"
        )
    if type(e) is not TypeError or "'Trial'" not in str(e):
        return None
    explained = TrialError(
        f"{e}: an objective is given a Trial; its values are in trial.params, as in "
        "trial.params['x'] for a declared space, or come from trial.suggest_float('x', 0, 1)"
    )
    explained.__cause__ = e
    return explained


def outcome_from_tell(
    number: int,
    objectives: Sequence[str],
    notes: TrialNotes,
    value: Any,
    state: State | str | None,
    error: BaseException | str | None = None,
) -> Outcome:
    """Return the outcome of a trial that is ended from outside, as by `Study.tell`.

    Args:
        number: The trial's.
        objectives: Names of the objectives.
        notes: What is known of the trial beside its value.
        value: Its value, or one for each objective, in order or by name; None for none.
        state: How it ended; None for complete if there is a value, else failed.
        error: Why it failed, where the caller knows.

    Raises:
        TrialError: A trial does not end in this state, or has not failed and has an error.
        ObjectiveValueError: The value is not one number for each objective.
    """
    state = _read_state(state)
    if state is None:
        state = State.FAILED if value is None else State.COMPLETE
    can_pause = notes.decision is Decision.PAUSE
    if state == State.PRUNED and can_pause:
        state = State.PAUSED
    if state < State.PAUSED or (state == State.PAUSED and not can_pause):
        raise TrialError(f"a trial ends complete, pruned or failed, got {state.name.lower()!r}")

    values = None
    reason = "told as failed" if state == State.FAILED else None
    if value is not None or state == State.COMPLETE:
        values = check_values(value, objectives, f"trial {number} returned")
        nan = _describe_nan(number, objectives, values, notes.constraints)
        if nan is not None:
            state = State.FAILED
            reason = nan
            values = None
    if state == State.FAILED:
        reason = _read_error(error) or reason
    elif error:
        raise TrialError(f"only a trial that failed has an error, got error={show(error)}")
    return _outcome(state, values, reason, notes)


def _read_error(error: Any) -> str | None:
    """Return why a trial failed as text; None for none.

    Raises:
        TrialError: It is neither an exception nor text.
    """
    if isinstance(error, BaseException):
        return describe_exception(error)
    if error is not None and not isinstance(error, str):
        raise TrialError(f"an error is an exception or text, got error={show(error)}")
    return to_error_text(error) if error else None


def outcome_of_failure(exception: BaseException, notes: TrialNotes) -> Outcome:
    """Return the outcome of a trial that an exception ended outside of what `execute` catches."""
    error = f"{type(exception).__name__}: {exception}"
    return _outcome(
        State.FAILED,
        None,
        to_error_text(error),
        notes,
        exception=exception,
        is_excused=isinstance(exception, MachineError | LeaseLostError),
    )


def _read_state(state: Any) -> State | None:
    """Return the state that a caller named; None for none.

    Raises:
        TrialError: It is no name of one. Numbers are refused: other libraries count otherwise.
    """
    if state is None or isinstance(state, State):
        return state
    if isinstance(state, str) and state.upper() in State.__members__:
        return State[state.upper()]
    raise TrialError(f"a trial ends complete, pruned or failed, got state={show(state)}")


def describe_exception(e: BaseException) -> str:
    """Return an exception as text: what it is in one line, then the traceback.

    Errors whose cause is not in the code of the objective have no traceback.
    """
    is_disturbed = isinstance(e, TrialDisturbedError)  # what a row is known by, see its `disturbed`
    name = (TrialDisturbedError if is_disturbed else type(e)).__name__
    try:
        text = f"{name}: {e}".splitlines()[0] if str(e) else name
    except (Exception, SystemExit):
        text = f"{name}: <its text cannot be had>"
    if not isinstance(e, LeaseLostError | ObjectiveValueError):
        try:
            text += "\n" + "".join(traceback.format_exception(e))
        except (Exception, SystemExit):  # of what the exception says of itself
            text += "\nits traceback cannot be had"
    return to_error_text(text)


def _outcome(
    state: State,
    values: tuple[float, ...] | None,
    error: str | None,
    notes: TrialNotes,
    exception: BaseException | None = None,
    is_excused: bool = False,
    started_s: float | None = None,
) -> Outcome:
    """Return the outcome of a trial that ended just now."""
    return Outcome(
        state=state,
        values=values,
        error=error,
        exception=exception,
        is_excused=is_excused,
        params=notes.params,
        suggested=notes.suggested,
        tags=notes.tags,
        finished_s=time.time(),
        started_s=started_s,
        cost=notes.cost,
        constraints=notes.constraints,
        remarks=notes.remarks,
        proposal=notes.proposal,
        unasked=notes.unasked,
        decision=notes.decision,
        is_asked=notes.is_asked,
    )


def _describe_nan(
    number: int,
    objectives: Sequence[str],
    values: tuple[float, ...],
    constraints: dict[str, float],
) -> str | None:
    """Return which values or constraints of a trial are NaN, in words; None where none is."""
    if not any(map(math.isnan, values)) and not any(map(math.isnan, constraints.values())):
        return None
    results = [*zip(objectives, values, strict=True), *constraints.items()]
    wrong = [name for name, v in results if math.isnan(v)]
    got = str(values[0] if len(values) == 1 else values)
    got += f" with constraints {constraints}" if constraints else ""
    which = "" if len(results) == 1 else f" ({', '.join(wrong)})"
    return f"ObjectiveValueError: trial {number} returned {got}; NaN{which} is no result"
