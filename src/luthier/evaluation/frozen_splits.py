"""Splits of others, frozen once: of any splitter like scikit-learn's, or pairs of rows."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SplitError
from ..typing import Index
from ..validation import show
from .row_labels import number_labels
from .split_plan import Fold, SplitPlan


def freeze_splits(
    splits: Any,
    X: Any,
    y: Any = None,
    groups: Any = None,
    *,
    time: ArrayLike | None = None,
    may_split_groups: bool = False,
) -> SplitPlan:
    """Make a plan of the splits of another library, drawn once, so that all trials share them.

    A splitter that shuffles without a seed gives other folds at each call, and an iterator is used
    up by the first trial: frozen, both are safe.

    Args:
        splits: Has `split(X, y, groups)`, as those of scikit-learn; or is an iterable of pairs
            (train, test) of row numbers or masks. A `SplitPlan` is returned as it is.
        X: (n, ...) data; only the splitter looks into it.
        y: (n,) targets, or None.
        groups: (n,) groups for the splitter, or None.
        time: (n,) time of each row, by which every fold must train before it tests; None where that
            does not matter.
        may_split_groups: Whether rows of one group may be on both sides of a fold.

    Raises:
        SplitError: No splits, splits that do not fit the rows, groups on both sides, or training
            on what came after the test.
    """
    n = count_rows(X)
    if isinstance(splits, SplitPlan):
        plan = splits
        if plan.n != n:
            raise SplitError(f"the plan is of {plan.n} rows, and the data has {n}")
    else:
        plan = _freeze(splits, X, y, groups, n)
    if groups is not None and not may_split_groups:
        check_groups(plan, groups)
    if time is not None:
        check_time(plan, time)
    return plan


def count_rows(X: Any) -> int:
    """Return the number of rows of data: an array, a table, a sparse matrix or a list."""
    shape = getattr(X, "shape", None)
    if shape:
        return int(shape[0])
    try:
        return len(X)
    except TypeError:
        raise SplitError(f"expected data with rows, got {show(X)}") from None


def _freeze(splits: Any, X: Any, y: Any, groups: Any, n: int) -> SplitPlan:
    draw = None
    if isinstance(splits, str) or not (hasattr(splits, "split") or isinstance(splits, Iterable)):
        raise SplitError(
            "expected a splitter with split(X, y, groups), or pairs of row numbers, got "
            f"{show(splits)}"
        )
    if hasattr(splits, "split"):
        kind = type(splits).__name__
        pairs = splits.split(X, y, groups)
        if hasattr(splits, "random_state") and getattr(splits, "shuffle", True):
            draw = partial(_draw_again, splits, n, y, groups)
    else:
        kind = "given splits"
        pairs = splits
    members = None if groups is None else number_labels("groups", groups, n)
    return SplitPlan(kind, n, pairs, draw=draw, ordered=None, groups=members)


def _draw_again(splitter: Any, n: int, y: Any, groups: Any, seed: int) -> list[Fold]:
    other = copy.copy(splitter)
    other.random_state = seed
    return [Fold(train, test) for train, test in other.split(np.zeros((n, 1)), y, groups)]


def check_groups(plan: SplitPlan, groups: Any) -> None:
    """Refuse a plan that splits a group.

    Raises:
        SplitError: Rows of one group are on both sides of a fold.
    """
    members = number_labels("groups", groups, plan.n)
    for i, (train, test) in enumerate(plan):
        both = np.intersect1d(members[train], members[test])
        if len(both):
            name = np.asarray(groups).tolist()[np.flatnonzero(members == both[0])[0]]
            raise SplitError(
                f"fold {i}: group {name!r} is in the train rows and in the test rows"
                + (f", and {len(both) - 1} more groups" if len(both) > 1 else "")
                + ", so a test would tell too much good; use plan_folds(..., groups=groups)"
            )


def check_time(plan: SplitPlan, time: ArrayLike) -> None:
    """Refuse a plan that trains on the future.

    Raises:
        SplitError: A train row of a fold is as late as one of its test rows, or later.
    """
    times = np.asarray(time)
    if times.shape != (plan.n,):
        raise SplitError(
            f"time must hold a time for each of the {plan.n} rows, got shape {times.shape}"
        )
    for i, (train, test) in enumerate(plan):
        if times[train].max() >= times[test].min():
            late: Index = train[times[train] >= times[test].min()]
            raise SplitError(
                f"fold {i} trains on the future: {len(late)} train rows, such as row {late[0]} at "
                f"{times[late[0]]}, are not before its first test row at {times[test].min()}; use "
                "plan_time_folds"
            )
