"""Nested plans: in each outer fold a search of its own, on the outer train rows alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import SplitError
from .plans import plan_folds
from .split_plan import SplitPlan


class NestedFold(NamedTuple):
    """One outer fold with the plan of the search inside.

    Attributes:
        train: Rows of the data that the search sees.
        test: Rows that the model which it finds is tested on.
        inner: Plan over the train rows: its row numbers count within `train`.
    """

    train: np.ndarray
    test: np.ndarray
    inner: SplitPlan


def plan_nested(
    outer: SplitPlan,
    n_folds: int = 5,
    *,
    stratify: Any = None,
    groups: Any = None,
    n_repeats: int = 1,
    seed: int = 0,
) -> tuple[NestedFold, ...]:
    """Make the inner plans of nested cross-validation, of k folds each.

    Args:
        outer: Plan of the tests.
        n_folds: Number of folds inside.
        stratify: (n,) classes that inner folds get their share of; None to ignore them.
        groups: (n,) groups that inner folds keep together; None for those of the outer plan.
        n_repeats: How often the inner rows are split anew.
        seed: Of the random numbers; each outer fold has its own.

    Raises:
        SplitError: The outer folds are in order of time, or train rows cannot be split so.
    """
    if outer.ordered:
        raise SplitError(
            "the outer folds are in order of time, and k folds inside would train on the future; "
            "search inside with plan_time_folds"
        )
    groups = outer.groups if groups is None else np.asarray(groups)
    labels = None if stratify is None else np.asarray(stratify)
    return tuple(
        NestedFold(
            train,
            test,
            plan_folds(
                len(train),
                n_folds,
                stratify=None if labels is None else labels[train],
                groups=None if groups is None else groups[train],
                n_repeats=n_repeats,
                seed=seed + i,
            ),
        )
        for i, (train, test) in enumerate(outer)
    )
