"""Checks of data against a plan and metrics, before anything is trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import EvaluationError, SplitError
from ..terminal import logger
from ..typing import Array
from .frozen_splits import count_rows
from .metrics import Metric, area_under_curve
from .plan_choice import check_targets, tell_task
from .row_labels import find_equal_rows
from .split_plan import SplitPlan

_MOST_COMPARED = 20_000  # rows up to which copies are looked for


def check_data(
    X: Any, y: Any, plan: SplitPlan, metrics: tuple[Metric, ...], sample_weight: Any
) -> tuple[Any, Array | None]:
    """Refuse data that cannot be evaluated so.

    Returns:
        The targets (n,) as an array, and the weights (n,), or None.

    Raises:
        EvaluationError: A metric is for another task, weights make no sense, or targets are missing
            or constant.
        SplitError: The plan is of other rows, or leaves one class only in a fold.
    """
    n = count_rows(X)
    if plan.n != n:
        raise SplitError(f"the plan is of {plan.n} rows, and X has {n}")
    targets = check_targets(y, n)
    if targets.dtype.kind == "f" and not np.isfinite(targets).all():
        row = int(np.flatnonzero(~np.isfinite(targets).reshape(n, -1).all(axis=1))[0])
        raise EvaluationError(f"y must be known for all rows, and is {targets[row]} in row {row}")
    tasks = {metric.task: metric.name for metric in metrics if metric.task}
    if len(tasks) > 1:
        raise EvaluationError(
            f"{tasks['classify']} is for classes and {tasks['regress']} for numbers: expected "
            "metrics of one kind"
        )
    if "regress" in tasks and targets.dtype.kind not in "iufb":
        raise EvaluationError(f"{tasks['regress']} needs numbers, and y holds {targets.dtype}")
    if "classify" in tasks:
        _check_classes(targets, plan, tasks["classify"], metrics)
    weights = None if sample_weight is None else _check_weights(sample_weight, n)
    _warn_of_copies(X, targets, plan)
    return targets, weights


def _check_classes(y: Any, plan: SplitPlan, name: str, metrics: tuple[Metric, ...]) -> None:
    if y.dtype.kind == "f" and tell_task(y) == "regress" and (y != np.round(y)).any():
        raise EvaluationError(
            f"{name} is for classes, and y holds numbers such as {float(y[y != np.round(y)][0])}; "
            "use a metric such as 'rmse'"
        )
    needs_two = [metric.name for metric in metrics if metric.total is area_under_curve]
    for i, (train, test) in enumerate(plan):
        if (y[train] == y[train[0]]).all():
            raise SplitError(
                f"fold {i} has one class only to train on, {y[train[:1]].tolist()[0]!r}; use "
                "plan_folds(..., stratify=y)"
            )
        if needs_two and (y[test] == y[test[0]]).all():
            raise SplitError(
                f"fold {i} has one class only to test on, {y[test[:1]].tolist()[0]!r}, and "
                f"{needs_two[0]} needs two; use plan_folds(..., stratify=y), or fewer folds"
            )


def _check_weights(sample_weight: Any, n: int) -> Array:
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,):
        raise EvaluationError(
            f"sample_weight must hold one number for each of the {n} rows, got {weights.shape}"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise EvaluationError("sample_weight must be finite and at least 0, and not all 0")
    return weights


def _warn_of_copies(X: Any, y: Any, plan: SplitPlan) -> None:
    """Warn of test rows that were trained on, as another row with the same numbers."""
    if (
        hasattr(X, "tocsr")
        or not hasattr(X, "dtype")
        or X.dtype.kind not in "biuf"
        or plan.n > _MOST_COMPARED
    ):
        return
    copies = find_equal_rows(X)
    labels = np.unique(y, return_inverse=True)[1] if y.ndim == 1 else np.zeros(plan.n, dtype=int)
    keys = copies * (labels.max() + 1) + labels
    train, test = plan[0]
    n_seen = int(np.isin(keys[test], keys[train]).sum())
    if n_seen:
        logger.warning(
            "%d of %d test rows of the first fold are copies of train rows, target included, so "
            "scores may be too good; keep copies together by plan_folds(..., "
            "groups=find_equal_rows(X))",
            n_seen,
            len(test),
        )
