"""Which points no other beats in every objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def non_dominated(losses: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Marks the points that no other dominates: at most as large everywhere, and smaller somewhere.

    Args:
        losses: (n, m), smaller is better. Equal points do not dominate each other.

    Returns:
        (n,) bool; in lexicographic order a point can only be dominated by one before it, so each is held against the
        front so far.
    """
    keep = np.zeros(len(losses), dtype=bool)
    front = np.empty((0, losses.shape[1]))
    for i in np.lexsort(losses.T[::-1]):
        row = losses[i]
        if not ((front <= row).all(axis=1) & (front < row).any(axis=1)).any():
            keep[i] = True
            front = np.concatenate([front, row[None]])
    return keep
