"""Tasks from what is there: a study, or rows of params and values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import DistributionError, TaskError
from ..history.history import History
from ..history.resources import is_partial, losses_at
from ..history.task import Task
from ..space.distributions import Categorical, Distribution, Float, Int
from ..space.space import Space
from ..trial.record import State, TrialRow
from ..typing import Array, Index, Mask
from ..validation import check_parameter_name, check_values, default_names, show, to_number

_LARGEST = 1e300  # so that half of a range, added to a loss, does not overflow

Pair = tuple[Mapping[str, Any], float | Sequence[float]]
"""Params, and the value or values that they came to."""


class HasHistory(Protocol):
    """A study, as far as a task needs it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def history(self) -> History:
        """Its trials as columns."""


def task_of_study(study: HasHistory, **facts: Any) -> Task:
    """Return what a study has found out, as a task.

    Args:
        study: A `luthier.Study`.
        facts: More attributes of the `Task`: name, family, context, tags, data_hash, same.

    Raises:
        TaskError: It is no study.
        TypeError: A task has no such attribute.
    """
    return task_of_history(find_history(study), **{"name": getattr(study, "name", ""), **facts})


def find_history(study: HasHistory | History) -> History:
    """Return the history of a study; a history is returned as it is.

    Raises:
        TaskError: It is neither.
    """
    history = study if isinstance(study, History) else getattr(study, "history", None)
    if not isinstance(history, History):
        raise TaskError(f"expected a study, such as create_study() returns, got {show(study)}")
    return history


def task_of_history(history: History, **facts: Any) -> Task:
    """Return what the trials of a study have found out, as a task; see `task_of_study`."""
    number, losses, penalised = collect_rows(history)
    return Task(
        space=history.space,
        X=history.X[number].copy(),
        losses=losses,
        penalised=penalised if penalised.any() else None,
        objectives=history.objectives,
        directions=history.directions,
        **facts,
    )


def collect_rows(history: History) -> tuple[Index, Array, Mask]:
    """Return numbers (k,) of the trials that a task keeps, their losses (k, m), and which are bad.

    They are the complete trials, those that failed because of their params, and with one objective
    those that were trained in part, with the losses of `estimate_ends`. Failed trials, and those
    that broke a constraint, lie half the range beyond the worst. Infinite losses count as the best
    and the worst there is. Without a complete trial that broke no constraint there are none. Bad
    are all whose losses are made up.
    """
    known = history.fits & ~np.isnan(history.losses).any(axis=1)
    complete = known & (history.state == State.COMPLETE)
    good = complete & history.feasible
    failed = history.fits & (history.state == State.FAILED) & ~history.unblamed
    ends = estimate_ends(history, good)
    stopped = np.isfinite(ends) & history.feasible
    number = np.flatnonzero(complete | failed | stopped)
    if not good.any():
        return number[:0], np.empty((0, len(history.directions))), good[:0]

    losses = history.losses.copy()
    for loss in losses.T:
        finite = np.clip(loss[good & np.isfinite(loss)], -_LARGEST, _LARGEST)
        low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
        loss[good] = np.clip(loss[good], low, high)
        loss[stopped] = np.clip(ends[stopped], low, _LARGEST)  # none is better than all complete
        high = loss[good | stopped].max()
        loss[~(good | stopped)] = high + ((high - low) / 2 or max(abs(high), 1.0))
    return number, losses[number], ~good[number]


def estimate_ends(history: History, complete: Mask) -> Array:
    """Return (n,) what trials that were trained in part would have come to; NaN for all others.

    That is the last report, and what complete trials gained from that step on: the median of those
    that have reported there.

    Args:
        history: All trials and reports; of several objectives none is estimated.
        complete: (n,) the trials that are compared with.
    """
    ends = np.full(history.n, np.nan)
    if len(history.directions) > 1 or not is_partial(history):
        return ends
    resting = (history.state == State.PAUSED) | (history.state == State.PRUNED)
    resting &= history.fits & (history.n_folds == 0) & np.isfinite(history.last_loss)
    for step in np.unique(history.last_step[resting]).tolist():
        there, reported = losses_at(history, step)
        with np.errstate(over="ignore", invalid="ignore"):  # losses of any size
            gained = (history.losses[:, 0] - there)[complete & reported]
            gained = gained[np.isfinite(gained)]
            if len(gained):
                now = resting & (history.last_step == step)
                ends[now] = history.last_loss[now] + np.median(gained)
    return ends


def task_of_rows(
    rows: Sequence[TrialRow | Pair],
    space: Space | Mapping[str, Any] | None = None,
    directions: Sequence[str] = ("minimize",),
    objectives: Sequence[str] | None = None,
    **facts: Any,
) -> Task:
    """Return rows that were measured elsewhere as a task.

    Args:
        rows: Trials, or pairs of params and a value.
        space: Of their params; None for ranges that just hold them.
        directions: Of the values.
        objectives: Names of the values; None for the default names.
        facts: More attributes of the `Task`.

    Raises:
        TaskError: They are no such rows, params of one name are of several kinds, or directions or
            objectives are no list.
        ObjectiveValueError: A value is not one number for each objective.
    """
    check_names("directions", directions)
    check_names("objectives", objectives or default_names(len(directions)))
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise TaskError(f"rows are a list of trials, or of params and a value, got {show(rows)}")
    space = Space(space) if isinstance(space, Mapping) else space
    names = tuple(objectives or default_names(len(directions)))
    trials = [_read_row(i, row, names) for i, row in enumerate(rows)]
    if space is None:
        space = infer_space([t.params for t in trials])
    history = History(space, directions, objectives=names)
    history.put(trials)
    for trial in trials:
        for step, value in trial.reports:
            history.put_report(trial.number, step, value)
    return task_of_history(history, **{"name": "rows", **facts})


def check_names(what: str, names: Any) -> None:
    """Check a list of names.

    Raises:
        TaskError: It is none: a text alone, or another thing.
    """
    if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        raise TaskError(f"{what} are a list of texts, such as ['loss'], got {show(names)}")


def _read_row(i: int, row: Any, objectives: tuple[str, ...]) -> TrialRow:
    if isinstance(row, TrialRow):
        values = row.values
        if values is not None and len(values) != len(objectives):
            values = None  # models cannot learn from it
        return TrialRow(
            number=i,
            state=row.state,
            params=row.params,
            values=values,
            constraints=row.constraints,
            reports=row.reports if len(objectives) == 1 and not row.n_folds else (),
        )
    is_pair = isinstance(row, Sequence) and not isinstance(row, str) and len(row) == 2
    if not is_pair or not isinstance(row[0], Mapping):
        raise TaskError(
            "rows of an earlier task are trials, or pairs of params and a value such as "
            f"({{'lr': 0.1}}, 0.93), got {show(row)}"
        )
    values = check_values(row[1], objectives, "a row of an earlier task has")
    return TrialRow(number=i, state=State.COMPLETE, params=dict(row[0]), values=values)


def infer_space(rows: Sequence[Mapping[str, Any]]) -> Space:
    """Return the smallest space that holds params: ranges of numbers, and choices.

    Positive numbers over a factor of 100 or more get a log scale.

    Raises:
        TaskError: A number is infinite or too large.
    """
    seen: dict[str, list[Any]] = {}
    for params in rows:
        for name, value in params.items():
            seen.setdefault(check_parameter_name(name, TaskError), []).append(value)
    try:
        return Space({name: _infer(values) for name, values in seen.items()})
    except DistributionError as e:
        raise TaskError(f"params of an earlier task cannot be used: {e}") from None


def _infer(values: list[Any]) -> Distribution:
    numbers = [None if isinstance(v, bool) else to_number(v) for v in values]
    known = [v for v in numbers if v is not None]
    if len(known) < len(values):
        return Categorical(tuple({repr(v): v for v in values}.values()))
    low, high = min(known), max(known)
    scale: Any = "log" if low > 0 and math.log10(high) - math.log10(low) >= 2 else "linear"
    if all(isinstance(v, int) for v in known):
        return Int(int(low), int(high), scale=scale)
    return Float(float(low), float(high), scale=scale)
