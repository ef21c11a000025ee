"""The plan that suits data, by its rows, targets, groups and times."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SplitError
from ..validation import check_whole
from .plans import plan_folds, plan_holdout
from .row_labels import number_labels
from .split_plan import SplitPlan
from .time_plans import plan_time_folds

_N_SMALL = 300  # rows up to which folds are repeated
_N_LARGE = 10_000  # rows from which on one hold-out is enough
_N_FOLDS = 5
_N_REPEATS = 3
_MOST_CLASSES = 50


def choose_plan(
    n: int,
    y: Any = None,
    groups: Any = None,
    time: ArrayLike | None = None,
    *,
    task: Literal["classify", "regress"] | None = None,
    seed: int = 0,
) -> SplitPlan:
    """Choose a plan by what the data is; `plan.reason` says why.

    Rows with times are tested in order of time. Up to 300 rows get 5 folds 3 times; more get 5
    folds; 10,000 and more a hold-out of a fifth. Classes are stratified and groups kept together,
    with fewer folds where there are fewer groups, or rows of a class, than 5.

    Args:
        n: Number of rows.
        y: (n,) targets; text, bools and few different whole numbers count as classes.
        groups: (n,) groups that no fold may split, or None.
        time: (n,) time of each row, or None where the order says nothing.
        task: What y is for; None to tell by its values.
        seed: Of the random numbers.

    Raises:
        SplitError: A target that is constant, a class or group that is alone, or missing labels.
    """
    n = check_whole("n", n, 2)
    if time is not None:
        times = np.asarray(time)
        plan = plan_time_folds(times, min(_N_FOLDS, n - 1), groups=groups)
        return _because(plan, "rows have times")
    targets = None if y is None else check_targets(y, n)
    by_class = targets is not None and (task or tell_task(targets)) == "classify"
    stratify = targets if by_class else None
    n_folds, reason = _count_folds(n, stratify, groups)
    if n >= _N_LARGE:
        plan = plan_holdout(n, 0.2, stratify=stratify, groups=groups, seed=seed)
        return _because(plan, f"{n} rows are enough for one test of a fifth of them")
    n_repeats = _N_REPEATS if n <= _N_SMALL else 1
    plan = plan_folds(n, n_folds, stratify=stratify, groups=groups, n_repeats=n_repeats, seed=seed)
    return _because(plan, reason)


def _count_folds(n: int, stratify: Any, groups: Any) -> tuple[int, str]:
    """Return how many folds, and why."""
    reason = f"{n} rows are few" if n <= _N_SMALL else f"{n} rows"
    counts = {"rows": n}
    if groups is not None:
        counts["groups"] = int(number_labels("groups", groups, n).max()) + 1
    if stratify is not None:
        classes = number_labels("y", stratify, n)
        of_class = np.bincount(classes)
        if groups is not None:
            members = number_labels("groups", groups, n)
            of_class = np.bincount(np.unique(np.stack([classes, members]), axis=1)[0])
        counts["members of the rarest class"] = int(of_class.min())
    what, fewest = min(counts.items(), key=lambda item: item[1])
    if fewest < 2:
        raise SplitError(
            f"{what}: there is 1, and a fold needs one on each side; join rare classes or groups, "
            "or leave them out"
        )
    if fewest < _N_FOLDS:
        reason += f", and {what}: only {fewest}"
    return min(_N_FOLDS, fewest), reason


def check_targets(y: Any, n: int) -> np.ndarray:
    """Return targets as an array.

    Raises:
        SplitError: They are not one for each row, or all the same.
    """
    targets = np.asarray(y)
    if targets.shape[:1] != (n,):
        raise SplitError(f"y must hold a target for each of the {n} rows, got {targets.shape}")
    if targets.ndim == 1 and n > 1 and bool((targets == targets[0]).all()):
        raise SplitError(
            f"the target is constant: every row has {targets[:1].tolist()[0]!r}, and there is "
            "nothing to learn"
        )
    return targets


def tell_task(y: np.ndarray) -> Literal["classify", "regress"]:
    """Tell by its values what a target is for.

    Text, bools, and whole numbers of which there are at most 50 different ones and at least 5 rows
    each on average are classes.
    """
    if y.ndim != 1:
        return "regress"
    if y.dtype.kind in "bOUS":
        return "classify"
    if y.dtype.kind not in "iu":
        return "regress"
    n_values = len(np.unique(y))
    return "classify" if n_values <= min(_MOST_CLASSES, len(y) / 5) else "regress"


def _because(plan: SplitPlan, reason: str) -> SplitPlan:
    plan.reason = reason
    return plan
