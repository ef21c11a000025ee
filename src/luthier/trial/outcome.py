"""What runs where: one trial, from the handle to its outcome.

The same function in every executor.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import LeaseLostError, ObjectiveValueError, TrialError, TrialPruned
from ..space.distributions import Distribution
from ..validation import check_values
from .handle import Trial
from .record import Decision, State

Objective = Callable[[Trial], Any]


@dataclass(slots=True)
class Outcome:
    """What became of a trial.

    Attributes:
        state: COMPLETE, PAUSED, PRUNED or FAILED.
        values: One number for each objective, when complete.
        error: The reason and the traceback, when failed.
        exception: What the objective raised, if it did.
        params: The params that were used.
        suggested: The distributions the objective asked for.
        tags: What it noted.
        finished_s: When it ended, seconds since 1970.
        started_s: When it began; None where its worker could not say.
        cost: What it cost, where it said so.
        constraints: What it told of constraints on its results.
    """

    state: State
    values: tuple[float, ...] | None = None
    error: str | None = None
    exception: BaseException | None = None
    params: dict[str, Any] = field(default_factory=dict)
    suggested: dict[str, Distribution] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    finished_s: float = 0.0
    started_s: float | None = None
    cost: float | None = None
    constraints: dict[str, float] = field(default_factory=dict)


def execute(objective: Objective, trial: Trial) -> Outcome:
    """Runs an objective and says how it ended; only KeyboardInterrupt and the like come through.

    Args:
        objective: Takes a `Trial`, returns a number, or one for each of the trial's objectives, in
            order or by name.
        trial: The handle.
    """
    out = Outcome(State.FAILED, started_s=time.time())
    try:
        out.values = check_values(
            objective(trial), trial.objectives, f"trial {trial.number} returned"
        )
        out.error = _nan(trial, out.values)
        out.state = State.COMPLETE if out.error is None else State.FAILED
        out.values = out.values if out.error is None else None
    except TrialPruned:
        out.state = State.PAUSED if trial.verdict is Decision.PAUSE else State.PRUNED
    except (Exception, SystemExit) as e:
        out.exception = e
        out.error = describe(e)
    out.params = trial.params
    out.suggested = trial.suggested
    out.tags = trial.tags
    out.finished_s = time.time()
    out.cost = trial.cost
    out.constraints = trial.constraints
    return out


def _nan(trial: Trial, values: tuple[float, ...]) -> str | None:
    """Which value or constraint of a trial is NaN, in words; None where none is."""
    told = [*zip(trial.objectives, values, strict=True), *trial.constraints.items()]
    wrong = [name for name, v in told if math.isnan(v)]
    if not wrong:
        return None
    got = f"{values}" if not trial.constraints else f"{values} with constraints {trial.constraints}"
    which = "" if len(told) == 1 else f" ({', '.join(wrong)})"
    return f"ObjectiveValueError: trial {trial.number} returned {got}; NaN{which} is no result"


def told(trial: Trial, value: Any, state: State | str | None) -> Outcome:
    """The outcome of a trial that was run elsewhere, as `Study.tell` hears of it."""
    state = State[state.upper()] if isinstance(state, str) else state
    state = state if state is not None else State.COMPLETE if value is not None else State.FAILED
    if state == State.PRUNED and trial.verdict is Decision.PAUSE:
        state = State.PAUSED
    if state < State.PAUSED or (state == State.PAUSED and trial.verdict is not Decision.PAUSE):
        raise TrialError(f"a trial ends complete, pruned or failed, got {state.name.lower()!r}")
    values, error = None, "told as failed" if state == State.FAILED else None
    if value is not None or state == State.COMPLETE:
        values = check_values(value, trial.objectives, f"trial {trial.number} returned")
        if wrong := _nan(trial, values):
            state = State.FAILED
            error = wrong
            values = None
    return Outcome(
        state,
        values,
        error,
        None,
        trial.params,
        trial.suggested,
        trial.tags,
        time.time(),
        cost=trial.cost,
        constraints=trial.constraints,
    )


def outcome_of_failure(
    exception: BaseException, params: dict[str, Any], tags: dict[str, Any]
) -> Outcome:
    """The outcome of a trial whose worker could not say how it ended."""
    return Outcome(
        State.FAILED,
        None,
        f"{type(exception).__name__}: {exception}",
        exception,
        params,
        tags=tags,
        finished_s=time.time(),
    )


def describe(e: BaseException) -> str:
    """What happened in one line, then where."""
    name = type(e).__name__
    try:
        text = f"{name}: {e}".splitlines()[0] if str(e) else name
    except Exception:
        text = f"{name}: <its text cannot be had>"
    if not isinstance(e, LeaseLostError | ObjectiveValueError):
        text += "\n" + "".join(traceback.format_exception(e))
    return text.encode(
        "utf-8", "backslashreplace"
    ).decode()  # half characters, as in names of files, are no text
