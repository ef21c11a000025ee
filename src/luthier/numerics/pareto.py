"""Domination among points of several objectives, where smaller is better."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from ..typing import Array, Index, Mask

_BLOCK = 64  # points compared with the others at once, where there are more than three objectives


def is_non_dominated(losses: Array) -> Mask:
    """Mark the points that no other dominates.

    A point dominates another if it is at most as large everywhere, and smaller somewhere. Takes O(n
    log n) with up to three objectives, O(n f m) with more, for a front of f points.

    Args:
        losses: (n, m), smaller is better. Equal points do not dominate each other; infinities are
            numbers like others.

    Returns:
        (n,) bool; a point with NaN is never marked, and dominates none.

    Source: Kung 1975 (in lexicographic order a point can only be dominated by one before it).
    """
    marked = np.zeros(len(losses), dtype=bool)
    points, order, group = _distinct(losses)
    marked[order] = _fronts(points, 1)[group] == 0
    return marked


def fronts(losses: Array) -> Index:
    """Fronts (n,) of losses (n, m) by non-dominated sorting.

    A point is in front 0 where none dominates it, in 1 where only those of 0 do, and so on. Points
    with NaN come in a front of their own, behind all others. Takes O(n log n) with two objectives,
    O(n log² n) with three, O(n² m) with more.

    Source: Zhang 2015 (ENS-BS: a point goes to the first front that does not dominate it, found by
    bisection).
    """
    points, order, group = _distinct(losses)
    front = _fronts(points, len(points))
    found = np.full(len(losses), front.max(initial=-1) + 1)
    found[order] = front[group]
    return found


def crowding(losses: Array) -> Array:
    """Crowding distances (n,) of the points of one front (n, m).

    The sum over objectives of the gap between the next smaller and the next larger loss, in units
    of the range; inf for the first and the last in any objective. Infinite losses count as the
    largest or smallest finite, NaN as inf.

    Source: Deb 2002, section III-B.
    """
    n, m = losses.shape
    if n < 3:
        return np.full(n, np.inf)
    order = np.argsort(losses, axis=0, kind="stable")
    finite = np.isfinite(losses)
    some = finite.any(axis=0)
    low = np.where(finite, losses, np.inf).min(axis=0)
    high = np.where(finite, losses, -np.inf).max(axis=0)
    low = np.where(some, low, 0.0)
    high = np.where(some, high, 0.0)

    # Halves, so that no difference of two losses overflows.
    ordered = np.fmax(np.fmin(losses, high), low)[order, np.arange(m)] / 2
    width = ordered[-1] - ordered[0]

    distance = np.zeros(n)
    np.add.at(distance, order[1:-1], (ordered[2:] - ordered[:-2]) / np.where(width > 0, width, 1.0))
    distance[order[[0, -1]]] = np.inf
    return distance


def _distinct(losses: Array) -> tuple[Array, Index, Index]:
    """Distinct points in lexicographic order, without those that have NaN.

    Returns:
        The distinct points (u, m); the numbers (k,) of all points without NaN in that order; and
        which of the distinct points (k,) each of these is.
    """
    order = np.lexsort(losses.T[::-1])
    absent = np.isnan(losses)
    if absent.any():
        order = order[~absent[order].any(axis=1)]
    ordered = losses[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[new], order, np.cumsum(new) - 1


def _fronts(points: Array, most: int) -> Index:
    """Fronts (n,) of distinct points in lexicographic order.

    Points behind the first `most` fronts get `most`. One point is dominated by another exactly if
    that comes before and is at most as large in all objectives but the first.
    """
    m = points.shape[1]
    if m == 1:
        return np.minimum(np.arange(len(points)), most)
    if m == 2:
        return _fronts_of_two(points[:, 1], most)
    if m == 3:
        return _fronts_of_three(points[:, 1].tolist(), points[:, 2].tolist(), most)
    return _fronts_of_many(points[:, 1:], most)


def _fronts_of_two(y: Array, most: int) -> Index:
    """Fronts by the second of two objectives y (n,); see `_fronts`.

    Of a front, only the latest point can dominate those that are to come.
    """
    if most == 1:
        front = np.zeros(len(y), dtype=np.int64)
        front[1:] = y[1:] >= np.minimum.accumulate(y[:-1])
        return front
    latest: list[float] = []  # the last y of each front, ascending
    found = []
    for value in y.tolist():
        at = bisect_right(latest, value)
        latest[at : at + 1] = [value]
        found.append(at)
    return np.array(found, dtype=np.int64)


def _fronts_of_three(ys: list[float], zs: list[float], most: int) -> Index:
    """Fronts by the last two of three objectives; see `_fronts`.

    Of a front, only the lower left staircase of these two can dominate those that are to come.
    """
    stairs: list[tuple[list[float], list[float]]] = []  # y ascending, z descending
    found = []
    for y, z in zip(ys, zs, strict=True):
        # Bisection for the first front that does not dominate the point.
        low = 0
        high = len(stairs)
        while low < high:
            front = (low + high) // 2
            Y, Z = stairs[front]
            at = bisect_right(Y, y)
            if at and Z[at - 1] <= z:
                low = front + 1
            else:
                high = front
        found.append(low)

        # The point joins that front's staircase; steps behind it are taken out.
        if low == len(stairs):
            if low < most:
                stairs.append(([y], [z]))
            continue
        Y, Z = stairs[low]
        begin = end = bisect_left(Y, y)
        while end < len(Z) and Z[end] >= z:
            end += 1
        Y[begin:end] = [y]
        Z[begin:end] = [z]
    return np.array(found, dtype=np.int64)


def _fronts_of_many(rest: Array, most: int) -> Index:
    """Fronts by all objectives but the first, `rest` (n, m - 1); see `_fronts`.

    The front of a point is the length of the longest chain of points that dominate one another and
    it.
    """
    front = np.zeros(len(rest), dtype=np.int64)
    for begin in range(0, len(rest), _BLOCK):
        block = rest[begin : begin + _BLOCK]

        # Points of earlier blocks, the last front first: the first dominator is in the last front.
        before = np.flatnonzero(front[:begin] < most)
        before = before[np.argsort(-front[before], kind="stable")]
        rank = np.append(front[before] + 1, 0)
        dominated = np.ones((len(block), len(rank)), dtype=bool)  # the last column: by none
        dominated[:, :-1] = _at_most(rest[before], block)
        found = np.minimum(rank[dominated.argmax(axis=1)], most)

        # Points of this block, until no front changes any more.
        within = np.tril(_at_most(block, block), -1)
        while True:
            behind = np.where(within, np.minimum(found + 1, most), 0).max(axis=1)
            further = np.maximum(found, behind)
            if (further == found).all():
                break
            found = further
        front[begin : begin + _BLOCK] = found
    return front


def _at_most(a: Array, b: Array) -> Mask:
    """Whether points of a (k, m) are at most as large everywhere as points of b (n, m): (n, k)."""
    result = a[:, 0] <= b[:, 0, None]
    for j in range(1, a.shape[1]):
        result &= a[:, j] <= b[:, j, None]
    return result
