"""A small tree that parts good points from others by few cuts, and its leaves as boxes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..typing import Array, Index, Mask

_LEAST_GAIN = 1e-9


class Box(NamedTuple):
    """A leaf: points that satisfy all cuts on the way to it.

    Attributes:
        low: (d,) numbers are above it; -inf where there is no cut.
        high: (d,) numbers are at most this; inf where there is no cut.
        allowed: Column of categories to the values that it may have; columns without a cut are not
            there.
    """

    low: Array
    high: Array
    allowed: dict[int, Index]

    def contains(self, V: Array) -> Mask:
        """Return which points (n, d) lie in it (n,)."""
        inside = np.asarray(((self.low < V) & (self.high >= V)).all(axis=1))
        for column, values in self.allowed.items():
            inside &= np.isin(V[:, column], values)
        return inside

    def without(self, column: int) -> Box:
        """Return it without the cuts of a column."""
        low, high = self.low.copy(), self.high.copy()
        low[column], high[column] = -np.inf, np.inf
        return Box(low, high, {c: v for c, v in self.allowed.items() if c != column})

    @property
    def columns(self) -> list[int]:
        """Columns that have a cut."""
        cut = np.isfinite(self.low) | np.isfinite(self.high)
        return sorted({*np.flatnonzero(cut).tolist(), *self.allowed})


def grow(V: Array, good: Mask, is_category: Mask, depth: int, min_leaf: int) -> list[Box]:
    """Return the leaves of a tree, as boxes.

    Args:
        V: (n, d) points without NaN.
        good: (n,) whether a point is good.
        is_category: (d,) whether a column holds categories.
        depth: Most cuts on the way to a leaf.
        min_leaf: Fewest points of a leaf.

    Source: Breiman 1984 (Gini's impurity; categories of two classes in the order of their shares).
    """
    d = V.shape[1]
    root = Box(np.full(d, -np.inf), np.full(d, np.inf), {})
    leaves = []
    nodes = [(root, np.arange(len(V)), 0)]
    while nodes:
        box, at, level = nodes.pop()
        children = None
        if level < depth and good[at].any() and not good[at].all():
            children = _split(box, V[at], good[at], is_category, min_leaf)
        if children is None:
            leaves.append(box)
            continue
        nodes.extend((child, at[child.contains(V[at])], level + 1) for child in children)
    return leaves


def _split(
    box: Box, V: Array, good: Mask, is_category: Mask, min_leaf: int
) -> tuple[Box, Box] | None:
    """Return a box in two, by the cut that lowers the impurity most; None where none does."""
    best_gain, best = _LEAST_GAIN * len(V), None
    for j in range(V.shape[1]):
        x = V[:, j]
        if is_category[j]:
            values, group = np.unique(x, return_inverse=True)
            share = np.bincount(group, good) / np.bincount(group)
            order = np.argsort(share, kind="stable")
            rank = np.empty(len(values))
            rank[order] = np.arange(len(values))
            gain, cut = _best_cut(rank[group], good, min_leaf)
        else:
            gain, cut = _best_cut(x, good, min_leaf)
        if gain <= best_gain:
            continue
        best_gain = gain
        if is_category[j]:
            best = tuple(
                box._replace(allowed={**box.allowed, j: np.sort(values[side])})
                for side in (rank <= cut, rank > cut)
            )
        else:
            low, high = box.low.copy(), box.high.copy()
            low[j] = high[j] = cut
            best = box._replace(high=high), box._replace(low=low)
    return best  # type: ignore[return-value]


def _best_cut(x: Array, good: Mask, min_leaf: int) -> tuple[float, float]:
    """Return the gain of the best cut of numbers (n,), and the cut; (0, 0) where there is none."""
    order = np.argsort(x, kind="stable")
    x = x[order]
    n, total = len(x), float(good.sum())
    k = np.arange(1, n)
    left = np.cumsum(good[order])[:-1].astype(np.float64)
    gain = left**2 / k + (total - left) ** 2 / (n - k) - total**2 / n
    allowed = (x[1:] > x[:-1]) & (k >= min_leaf) & (n - k >= min_leaf)
    if not allowed.any():
        return 0.0, 0.0
    i = int(np.argmax(np.where(allowed, gain, -np.inf)))
    return float(gain[i]), float(x[i] / 2 + x[i + 1] / 2)
