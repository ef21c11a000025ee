"""Who dominates whom among points of several objectives, where smaller is better."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from ..typing import Array, Index, Mask

_BLOCK = 64  # points held against the others at once, where there are more than three objectives


def is_non_dominated(losses: Array) -> Mask:
    """Marks the points that no other dominates: at most as large everywhere, and smaller somewhere.

    Takes O(n log n) with up to three objectives, O(n f m) with more, for a front of f points.

    Args:
        losses: (n, m), smaller is better. Equal points do not dominate each other; infinities are
            numbers like others.

    Returns:
        (n,) bool; a point with NaN is never marked, and dominates nobody.

    Source: Kung 1975 (in lexicographic order a point can only be dominated by one before it).
    """
    marked = np.zeros(len(losses), dtype=bool)
    points, order, group = _distinct(losses)
    marked[order] = _fronts(points, 1)[group] == 0
    return marked


def fronts(losses: Array) -> Index:
    """(n,) The front of each of some losses (n, m).

    0 where none dominates it, 1 where only those of 0 do, and so on.

    Points with NaN come in a front of their own, behind all others. Takes O(n log n) with two
    objectives, O(n log² n) with three, O(n² m) with more.

    Source: Zhang 2015 (ENS-BS: a point goes to the first front that does not dominate it, found by
    bisection).
    """
    points, order, group = _distinct(losses)
    front = _fronts(points, len(points))
    found = np.full(len(losses), front.max(initial=-1) + 1)
    found[order] = front[group]
    return found


def crowding(losses: Array) -> Array:
    """(n,) The crowding distance of each point of one front (n, m).

    How far apart its neighbours are.

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
    low, high = np.where(some, low, 0.0), np.where(some, high, 0.0)
    ordered = (
        np.fmax(np.fmin(losses, high), low)[order, np.arange(m)] / 2
    )  # halves: no difference overflows
    width = ordered[-1] - ordered[0]
    distance = np.zeros(n)
    np.add.at(distance, order[1:-1], (ordered[2:] - ordered[:-2]) / np.where(width > 0, width, 1.0))
    distance[order[[0, -1]]] = np.inf
    return distance


def _distinct(losses: Array) -> tuple[Array, Index, Index]:
    """(u, m) the distinct points in lexicographic order; (k,) all points without NaN in that order.

    (k,) as which.
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
    """(n,) The fronts of distinct points in lexicographic order.

    `most` for whatever is behind the first `most`.

    One of them is dominated by another exactly if that comes before and is at most as large in all
    but the first.
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
    """See `_fronts`: of a front, only the latest point can dominate what is to come."""
    if most == 1:
        front = np.zeros(len(y), dtype=np.int64)
        front[1:] = y[1:] >= np.minimum.accumulate(y[:-1])
        return front
    latest: list[float] = []
    found = []
    for value in y.tolist():
        at = bisect_right(latest, value)
        latest[at : at + 1] = [value]
        found.append(at)
    return np.array(found, dtype=np.int64)


def _fronts_of_three(ys: list[float], zs: list[float], most: int) -> Index:
    """See `_fronts`: of a front, only the lower left staircase of the last two objectives can dominate others."""
    stairs: list[tuple[list[float], list[float]]] = []  # y ascending, z descending
    found = []
    for y, z in zip(ys, zs, strict=True):
        low, high = 0, len(stairs)
        while low < high:
            front = (low + high) // 2
            Y, Z = stairs[front]
            at = bisect_right(Y, y)
            if at and Z[at - 1] <= z:
                low = front + 1
            else:
                high = front
        found.append(low)
        if low == len(stairs):
            if low < most:
                stairs.append(([y], [z]))
            continue
        Y, Z = stairs[low]
        begin = end = bisect_left(Y, y)
        while end < len(Z) and Z[end] >= z:
            end += 1
        Y[begin:end], Z[begin:end] = [y], [z]
    return np.array(found, dtype=np.int64)


def _fronts_of_many(rest: Array, most: int) -> Index:
    """See `_fronts`, from all objectives but the first.

    The longest chain of points that dominate each other.
    """
    front = np.zeros(len(rest), dtype=np.int64)
    for begin in range(0, len(rest), _BLOCK):
        block = rest[begin : begin + _BLOCK]
        before = np.flatnonzero(front[:begin] < most)
        before = before[np.argsort(-front[before], kind="stable")]
        rank = np.append(front[before] + 1, 0)
        dominated = np.ones((len(block), len(rank)), dtype=bool)  # by nobody, in the end
        dominated[:, :-1] = _at_most(rest[before], block)
        found = np.minimum(
            rank[dominated.argmax(axis=1)], most
        )  # the first dominator is in the last front
        within = np.tril(_at_most(block, block), -1)
        while True:
            further = np.maximum(
                found, np.where(within, np.minimum(found + 1, most), 0).max(axis=1)
            )
            if (further == found).all():
                break
            found = further
        front[begin : begin + _BLOCK] = found
    return front


def _at_most(a: Array, b: Array) -> Mask:
    """(n, k) whether points of a (k, m) are at most as large everywhere as points of b (n, m)."""
    result = a[:, 0] <= b[:, 0, None]
    for j in range(1, a.shape[1]):
        result &= a[:, j] <= b[:, j, None]
    return result
