"""The order in which rows join a growing sample, so that every sample is a fair one."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from ..typing import Index

_SURE = 2  # rows of each class that come first of all


def read_classes(y: Any) -> Any:
    """Return targets as an array of classes (n,); None where they are no classes."""
    if y is None or type_of_target(y) not in ("binary", "multiclass"):
        return None
    return np.asarray(y)


def join_order(train: Index, y: Any, groups: Any, rng: np.random.Generator) -> Index:
    """Return training rows in the order in which they join.

    With groups each group joins as a whole. Otherwise every class has its share of each sample, and
    two rows of each class come first of all.

    Args:
        train: (n,) indices of the training rows.
        y: Targets of all rows; None without any.
        groups: The group of each of all rows; None without groups.
        rng: Source of randomness.
    """
    shuffled = rng.permutation(train)
    if groups is not None:
        label = np.unique(np.asarray(groups)[shuffled], return_inverse=True)[1]
        place = rng.permutation(int(label.max()) + 1)
        return np.asarray(shuffled[np.argsort(place[label], kind="stable")])
    classes = read_classes(y)
    if classes is None:
        return np.asarray(shuffled)
    label = np.unique(classes[shuffled], return_inverse=True)[1]
    counts = np.bincount(label)
    rank = np.empty(len(label), dtype=int)  # of a row among those of its class
    for k in range(len(counts)):
        rank[label == k] = np.arange(counts[k])
    share = (rank + 0.5) / counts[label]
    share[rank < _SURE] -= 1.0
    return np.asarray(shuffled[np.argsort(share, kind="stable")])
