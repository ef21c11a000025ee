"""Rows dealt to folds: every row is in the test part of one fold.

Notation: n rows, k folds, g groups; a fold is a number from 0 to k - 1.
"""

from __future__ import annotations

import numpy as np

from ..typing import Array, Index


def deal_rows(n: int, n_folds: int, rng: np.random.Generator | None) -> Index:
    """Return the fold of each row, (n,): sizes differ by one at most.

    Args:
        n: Number of rows.
        n_folds: Number of folds.
        rng: Shuffles the rows; None for folds of neighbours.
    """
    folds = np.arange(n) * n_folds // n
    return folds if rng is None else rng.permutation(folds)


def deal_classes(classes: Index, n_folds: int, rng: np.random.Generator | None) -> Index:
    """Return the fold of each row, (n,): each class and the folds are spread as evenly as can be.

    The rows are sorted by class, at random within one, and dealt in turn. So the counts of a class
    differ by one at most, and the sizes of the folds too.

    Args:
        classes: (n,) numbers of classes.
        n_folds: Number of folds.
        rng: Shuffles the rows of a class; None to deal them in order.
    """
    n = len(classes)
    ties = np.arange(n) if rng is None else rng.permutation(n)
    order = np.lexsort((ties, classes))
    folds = np.empty(n, dtype=np.int64)
    folds[order] = np.arange(n) % n_folds
    return folds


def deal_groups(
    groups: Index, classes: Index | None, n_folds: int, rng: np.random.Generator | None
) -> Index:
    """Return the fold of each row, (n,): groups stay together, folds are as even as that allows.

    One group after the other goes to the fold that is then the most even: large groups first, from
    the largest on, and the others in random order. With classes, even means that the shares of each
    class are, which is what `StratifiedGroupKFold` of scikit-learn aims at.

    Args:
        groups: (n,) numbers of groups.
        classes: (n,) numbers of classes; None where only sizes count.
        n_folds: Number of folds, at most as many as groups.
        rng: Orders the groups; None for by size alone.
    """
    n_groups = int(groups.max()) + 1
    labels = np.zeros(len(groups), dtype=np.int64) if classes is None else classes
    counts = np.zeros((n_groups, int(labels.max()) + 1))
    np.add.at(counts, (groups, labels), 1)
    sizes = counts.sum(axis=1)

    ties = np.arange(n_groups) if rng is None else rng.permutation(n_groups)
    is_large = sizes > len(groups) / (3 * n_folds)
    order = np.lexsort((ties, -np.where(is_large | (rng is None), sizes, 0)))

    share = counts / counts.sum(axis=0)
    filled = np.zeros((n_folds, counts.shape[1]))
    fold_of_group = np.empty(n_groups, dtype=np.int64)
    for left, group in zip(range(n_groups, 0, -1), order, strict=True):
        fold = _most_even_fold(filled, share[group], must_fill=left)
        filled[fold] += share[group]
        fold_of_group[group] = fold
    return fold_of_group[groups]


def _most_even_fold(filled: Array, share: Array, must_fill: int) -> int:
    """Return the fold that a group is best put into.

    Args:
        filled: (k, c) shares of the classes that are in each fold.
        share: (c,) shares of the group.
        must_fill: Number of groups left; empty folds come first where they are as many.
    """
    empty = filled.sum(axis=1) == 0
    open_folds = np.flatnonzero(empty) if empty.sum() >= must_fill else np.arange(len(filled))
    # The spread after the group was added, without what it is whichever fold gets it:
    # sum over classes of (f + s)^2 - f^2.
    cost = (share * (2 * filled[open_folds] + share)).sum(axis=1)
    return int(open_folds[np.argmin(cost)])
