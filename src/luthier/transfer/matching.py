"""Rows of an earlier task in the space of a later one: matched by name, and mapped by value.

Notation: a task has n rows of its own d' parameters, the later space has d. k of the rows can be
used. "Others" are parameters that only the task varied.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from ..history.task import Task
from ..models.training_data import InputEncoder
from ..numerics.gp import Inputs
from ..space.distributions import Categorical, Distribution
from ..space.space import Space
from ..typing import Array, Index, Mask
from ..wording import count_of

MIN_ROWS = 8
"""Rows below which a task says too little."""

_LARGEST = 1e300  # losses beyond count as this, so that differences do not overflow
_FARTHEST = 2.0  # widths beyond the present range, further than which a row counts as there
_N_BEST = 5  # rows whose median stands for what the later study does not vary
# words of metrics that say what a model costs, and not how good it is
_COSTS = re.compile(
    r"time|latency|memory|size|cost|energy|duration|flops|params|_s$|_ms$|_mb$", re.I
)


class Matched(NamedTuple):
    """Rows of a task in the space of a later one.

    Attributes:
        task: The task.
        rows: (k,) rows of it that can be used.
        X: (k, d) their unit columns in the later space; NaN where inactive or not known. Beyond 0
            and 1 where a range has shrunk.
        known: (d,) columns that the task has.
        others: (k, e) inputs of its other parameters, numbers and then categories.
        at: (1, e) where those stand in the later study.
        inside: (k,) whether a row could be a trial of the later study.
        losses: (k,) of the matched objective.
        compatibility: Share of the parameters that the later study varies and the task knows.
        remarks: What was left out, in words.
        refused: Why the whole task is of no use; "" where it is.
    """

    task: Task
    rows: Index
    X: Array
    known: Mask
    others: Inputs
    at: Inputs
    inside: Mask
    losses: Array
    compatibility: float
    remarks: tuple[str, ...]
    refused: str


def match(task: Task, space: Space, objectives: tuple[str, ...], objective: int = 0) -> Matched:
    """Return the rows of a task as a later study can learn from them.

    Args:
        task: The task.
        space: The space of the later study.
        objectives: Names of its objectives.
        objective: Which of them.
    """
    column, refused = find_objective(task, objectives, objective)
    losses = np.clip(task.losses[:, column or 0], -_LARGEST, _LARGEST)
    X = np.full((task.n, space.d), np.nan)
    usable = np.ones(task.n, dtype=bool)
    remarks = []
    known = np.array([name in task.space.column for name in space.names], dtype=bool)
    for j in np.flatnonzero(known):
        name = space.names[j]
        source = task.space.params[name]
        X[:, j], lost = translate(source, space.dists[j], task.X[:, task.space.column[name]])
        usable &= ~lost
        if lost.any():
            remarks.append(f"{count_of(int(lost.sum()), 'row')} with other values of {name!r}")

    varying = np.array([p.n_values != 1 for p in space.dists], dtype=bool)
    if missing := [n for n, k, v in zip(space.names, known, varying, strict=True) if v and not k]:
        remarks.append(f"it does not know {_list(missing)}")
    rows = np.flatnonzero(usable)
    others, at, names = _match_others(task, space, rows, losses)
    if names:
        remarks.append(f"it varied {_list(names)} as well")
    share = float(known[varying].mean()) if varying.any() else 0.0
    if not refused:
        refused = _find_fault(len(rows), losses[rows], share)
    X = X[rows]
    numbers = [j for j in range(space.d) if j not in space.unordered]
    inside = np.asarray(~((X[:, numbers] < 0) | (X[:, numbers] > 1)).any(axis=1))
    return Matched(
        task, rows, X, known, others, at, inside, losses[rows], share, tuple(remarks), refused
    )


def _find_fault(n: int, losses: Array, share: float) -> str:
    """Return why rows are of no use; "" where they are."""
    if not share:
        return "it has none of the parameters"
    if n < MIN_ROWS:
        return f"{count_of(n, 'row')} that fit, and {MIN_ROWS} are needed"
    if losses.max() == losses.min():
        return "all of its losses are the same"
    return ""


def find_objective(task: Task, objectives: tuple[str, ...], j: int) -> tuple[int | None, str]:
    """Return which objective of a task is objective j of a later study, or why none is.

    One of the same name; or the only one, unless one of the two says how good a model is and the
    other what it costs.
    """
    name = objectives[j]
    if name in task.objectives:
        return task.objectives.index(name), ""
    if len(objectives) > 1 or len(task.objectives) > 1:
        return None, f"it has no objective {name!r:.60}"
    [other] = task.objectives
    if bool(_COSTS.search(other)) != bool(_COSTS.search(name)):
        return None, f"its objective {other!r:.60} is of another kind than {name!r:.60}"
    return 0, ""


def translate(source: Distribution, target: Distribution, u: Array) -> tuple[Array, Mask]:
    """Return unit values (n,) of one distribution as those of another, by what they stand for.

    Numbers beyond the target's range lie beyond 0 and 1.

    Returns:
        The unit values, NaN where u is; and where the target has no such value (n,).
    """
    active = ~np.isnan(u)
    if source == target:
        return u.copy(), np.zeros(len(u), dtype=np.bool_)
    if not isinstance(source, Categorical) and not isinstance(target, Categorical):
        with np.errstate(all="ignore"):  # the logarithm of what no log scale has
            out = np.asarray(target.to_unit(source.from_unit(u)), dtype=np.float64)
        lost = active & ~np.isfinite(out)
        return np.clip(out, -_FARTHEST, 1 + _FARTHEST), lost

    out = np.full(len(u), np.nan)
    for x in np.unique(u[active]).tolist():
        out[u == x] = _place(target, source.value(source.from_unit(x)))
    return out, active & np.isnan(out)


def _place(target: Distribution, value: object) -> float:
    """Return where a value lies on the unit interval of a distribution; NaN where it has none."""
    raw = target.find(value)
    return np.nan if raw is None else float(target.to_unit(raw))


def _match_others(
    task: Task, space: Space, rows: Index, losses: Array
) -> tuple[Inputs, Inputs, list[str]]:
    """Return inputs (k, e) of what only the task varied, where they stand now, and their names.

    They stand at the value that the later study fixes, else at the median of the best rows.
    """
    own = InputEncoder(task.space)
    fixed = {n: p for n, p in space.params.items() if p.n_values == 1}
    only = [n for n in task.space.names if n not in space.params or n in fixed]
    chosen = np.array([task.space.column[n] for n in only], dtype=np.int64)
    Z = own.encode(task.X[rows])
    is_number = np.isin(own.numbers, chosen)
    is_category = np.isin(own.categories, chosen)
    N = Z.N[:, is_number]
    C = Z.C[:, is_category]
    best = np.argsort(losses[rows], kind="stable")[:_N_BEST]
    at_N = np.median(N[best], axis=0) if len(best) else np.full(N.shape[1], 0.5)
    at_C = np.array([_most_common(c) for c in C[best].T]) if len(best) else np.zeros(C.shape[1])

    names = [task.space.names[j] for j in own.all if j in chosen]
    for columns, at in ((own.numbers[is_number], at_N), (own.categories[is_category], at_C)):
        for i, j in enumerate(columns.tolist()):
            name = task.space.names[j]
            if name in fixed:
                u, lost = translate(fixed[name], task.space.dists[j], np.zeros(1))
                at[i] = at[i] if lost[0] else u[0]
    return Inputs(N, C), Inputs(at_N[None], at_C.reshape(1, -1)), names


def _most_common(c: Array) -> float:
    values, counts = np.unique(c, return_counts=True)
    return float(values[np.argmax(counts)])


def _list(names: list[str]) -> str:
    shown = ", ".join(f"{n!r:.60}" for n in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
