"""How much losses dominate.

The hypervolume, what each point adds to it, and the region that nobody dominates yet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

import numpy as np

from ..typing import Array, Index
from .pareto import is_non_dominated

_CELLS = 2**19  # numbers computed with at once


def hypervolume(losses: Array, reference: Array) -> float:
    """The volume below a reference that the points of losses (n, m) dominate together.

    Takes O(n log n) with up to three objectives, O(n²) with four, O(n^(m / 2)) with more.

    Args:
        losses: Smaller is better. Points that are not below the reference, or have NaN, add
            nothing.
        reference: (m,) The upper corner, finite.

    Returns:
        The volume; inf where a point below the reference has a loss of -inf, or where it is beyond
        all floats.

    Raises:
        ValueError: The reference is not finite, or of another length.

    Source: Lacour 2017; with three objectives Beume 2009 (a sweep that keeps a staircase).
    """
    front = losses[_front(losses, reference)]
    return float(np.inf) if np.isneginf(front).any() else _volume(front, reference)


def contributions(losses: Array, reference: Array) -> Array:
    """(n,) The volume below a reference that each point of losses (n, m) dominates and no other does.

    Args:
        losses: Smaller is better; -inf as in `subset`. Points that are dominated, equal to another,
            not below the reference, or have NaN contribute nothing.
        reference: (m,) The upper corner, finite.

    Raises:
        ValueError: The reference is not finite, or of another length.

    Source: While 2012 (what a point dominates, less what the others do when raised to it).
    Deviation: with few points, dominators are counted in all cells between coordinates.
    """
    result = np.zeros(len(losses))
    numbers = _below(losses, reference)
    zero = np.zeros_like(reference)
    points, half = _scale_front(losses[numbers], reference)
    if len(points) ** len(reference) <= _CELLS:
        result[numbers] = _count_alone(points)
    else:
        for i in _front(points, zero):
            others = np.maximum(np.delete(points, i, axis=0), points[i])
            taken = _volume(others[_front(others, zero)], zero)
            result[numbers[i]] = max(abs(points[i].prod()) - taken, 0.0)
    with np.errstate(over="ignore"):
        return np.asarray(np.nan_to_num(result * np.nan_to_num((2 * half).prod())))


def subset(losses: Array, reference: Array, k: int) -> Index:
    """(min(k, n),) Who of losses (n, m) dominate most together, each chosen for what it adds to those before.

    They dominate at least 1 - 1/e of what the best k would. Where nobody adds anything any more,
    the others follow as they stand.

    Args:
        losses: Smaller is better; -inf is taken to be as far below the smallest finite loss as that
            is below the reference.
        reference: (m,) The upper corner, finite.
        k: How many to choose.

    Raises:
        ValueError: The reference is not finite, or of another length.

    Source: Guerreiro 2016 (greedy, incremental). Deviation: with more than two objectives, what a
    choice takes from all others is summed over the boxes that it cuts, see `boxes`.
    """
    numbers = _front(losses, reference)
    front, _ = _scale_front(losses[numbers], reference)
    chosen = numbers[(_greedy_of_two if front.shape[1] == 2 else _greedy)(front, k)]
    left = np.ones(len(losses), dtype=bool)
    left[chosen] = False
    return np.concatenate([chosen, np.flatnonzero(left)])[:k]


def reference_point(losses: Array) -> Array:
    """(m,) A point just behind the worst finite losses (n, m).

    Max(1.1 w, 0.9 w) of the worst w, and 1e-12 for 0.

    Source: Optuna.
    """
    worst = np.where(np.isfinite(losses), losses, -np.inf).max(axis=0, initial=-np.inf)
    worst[np.isneginf(worst)] = 0.0
    with np.errstate(over="ignore"):
        point = np.nan_to_num(np.maximum(1.1 * worst, 0.9 * worst))
    return np.where(point == 0, 1e-12, point)


def boxes(front: Array, reference: Array) -> tuple[Array, Array]:
    """Disjoint boxes that cover what lies below a reference and no point of a front dominates.

    There is one for each local upper bound of that region: n + 1 for n points with two objectives,
    2n + 1 with three, about 7n with four and 20n to 30n with five.

    Args:
        front: (n, m), smaller is better. Points that are dominated, equal or not below the
            reference change nothing.
        reference: (m,) The upper corner, finite.

    Returns:
        (low (b, m), high (b, m)), low < high everywhere. Low is -inf in the first objective, and
        wherever nothing else
        bounds a box.

    Raises:
        ValueError: The reference is not finite, or of another length.

    Source: Lacour 2017. Deviation: boxes of the region that is not dominated; each is the other
    side, in the first objective, of one that is.
    """
    found = list(_boxes(front[_front(front, reference)], reference))
    low, high = np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])
    solid = (low < high).all(axis=1)
    return low[solid], high[solid]


def _below(losses: Array, reference: Array) -> Index:
    """Who is below the reference in all objectives."""
    if reference.shape != losses.shape[1:] or not np.isfinite(reference).all():
        raise ValueError(f"the reference must be {losses.shape[1]} finite numbers, got {reference}")
    return np.flatnonzero((losses < reference).all(axis=1))


def _front(losses: Array, reference: Array) -> Index:
    """(f,) Who is below the reference and not dominated, equals once, the best in the last objective first."""
    below = _below(losses, reference)
    below = below[np.lexsort(losses[below].T)]
    points = losses[below]
    best = is_non_dominated(points)
    best[1:] &= (points[1:] != points[:-1]).any(axis=1)
    return below[best]


def _scale_front(front: Array, reference: Array) -> tuple[Array, Array]:
    """(n, m) A front in units of its depth below the reference, which becomes 0.

    (m,) half that depth. See `subset`.
    """
    front, half = front / 2, reference / 2  # their differences cannot overflow
    lowest = np.where(np.isneginf(front), np.inf, front).min(axis=0, initial=np.inf)
    depth = np.where(np.isinf(lowest), 0.5, half - lowest)
    return np.maximum((front - half) / depth, -2.0), depth


def _volume(front: Array, reference: Array) -> float:
    """The hypervolume of a front as of `_front`, finite: what lies behind the boxes before it."""
    total = 0.0
    with np.errstate(over="ignore"):
        for low, high in _boxes(front, reference):
            some = (high[:, 0] < reference[0]) & (low[:, 1:] < high[:, 1:]).all(axis=1)
            sides = (high[some, 1:] - low[some, 1:]).prod(axis=1)
            total += float(((reference[0] - high[some, 0]) * sides).sum())
    return total


def _count_alone(points: Array) -> Array:
    """(n,) What each of points (n, m) below 0 dominates alone.

    Cells between their coordinates with one dominator.
    """
    n, m = points.shape
    sides, at = [], []
    for x in points.T:
        values, cell = np.unique(x, return_inverse=True)
        sides.append(np.diff(values, append=0.0))
        at.append(cell)
    dominators = np.zeros(
        [len(side) for side in sides], dtype=np.int64
    )  # how many · 2^32 + the sum of who
    np.add.at(dominators, tuple(at), 2**32 + np.arange(n))
    for j in range(m):
        np.cumsum(dominators, axis=j, out=dominators)
    alone = np.nonzero(dominators >> 32 == 1)
    volume = np.prod([side[cell] for side, cell in zip(sides, alone, strict=True)], axis=0)
    return np.bincount(dominators[alone] - 2**32, volume, n).astype(np.float64)


def _greedy_of_two(front: Array, k: int) -> list[int]:
    """See `subset`: up to k of a front (n, 2) below 0.

    Each adds a rectangle, up to those chosen on both sides.
    """
    n = len(front)
    to, adds = np.zeros((n, 2)), front.prod(axis=1)
    chosen: list[int] = []
    fence = [-1, n]
    for _ in range(min(k, n)):
        best = int(adds.argmax())
        at = bisect_right(fence, best)
        before, after = fence[at - 1] + 1, fence[at]
        to[before:best, 1], to[best + 1 : after, 0] = front[best, 1], front[best, 0]
        adds[before:after] = (to[before:after] - front[before:after]).prod(axis=1)
        adds[best] = -1.0
        fence.insert(at, best)
        chosen.append(best)
    return chosen


def _greedy(front: Array, k: int) -> list[int]:
    """See `subset`: up to k of a front (n, m) below 0."""
    n, m = front.shape
    values, ranks = _rank_coordinates(front, np.zeros(m))
    columns = np.arange(m)
    U, D = np.full((1, m), n + 1), np.ones((1, m, m), dtype=np.int64)  # nobody is below rank 1
    D[:, columns, columns] = 0
    adds = np.abs(front.prod(axis=1))
    chosen: list[int] = []
    for _ in range(min(k, n)):
        best = int(adds.argmax())
        chosen.append(best)
        hit = (ranks[best] < U).all(axis=1)
        cut, kept = np.flatnonzero(hit), np.flatnonzero(~hit)
        cut_U, cut_D = U[cut], D[cut]
        low, high = np.maximum(values[_floor(cut_D), columns], front[best]), values[cut_U, columns]
        step = max(1, _CELLS // (4 * n))
        for begin in range(0, len(cut), step):
            some = slice(begin, begin + step)
            taken = np.ones((n, len(low[some])))
            for j in range(m):
                taken *= np.maximum(
                    high[some, j] - np.maximum(front[:, j, None], low[some, j]), 0.0
                )
            adds -= taken.sum(axis=1)
        adds[best] = -np.inf
        new_U, new_D = _children(cut_U, cut_D, ranks[best])
        U, D = np.concatenate([U[kept], new_U]), np.concatenate([D[kept], new_D])
    return chosen


def _boxes(front: Array, reference: Array) -> Iterator[tuple[Array, Array]]:
    """(low (b, m), high (b, m)) of the boxes before a front as of `_front`, in several parts.

    Some are empty.
    """
    m = len(reference)
    if m == 1:
        yield np.full((1, 1), -np.inf), np.concatenate([front, reference[None]])[:1]
    elif m == 2:
        low = np.concatenate([np.full((1, 2), -np.inf), front])
        low[:, 0] = -np.inf
        x, y = front.T
        yield low, np.column_stack([np.append(reference[0], x), np.append(y, reference[1])])
    elif m == 3:
        yield _slabs(front, reference)
    else:
        yield from _bounds(front, reference)


def _slabs(front: Array, reference: Array) -> tuple[Array, Array]:
    """See `_boxes`: for three objectives, the strips under the staircase of the first two, as long as each lasts.

    Strip i reaches from Y[i] to Y[i + 1] in the second objective, up to X[i] in the first, from
    Z[i] in the third on.
    """
    x_end, y_end, z_end = reference.tolist()
    X = [x_end, -np.inf]
    Y = [-np.inf, y_end]
    Z = [-np.inf]
    found: list[tuple[float, float, float, float, float]] = []
    for x, y, z in front.tolist():
        end = bisect_right(Y, y)
        begin = end - 1
        if X[begin] <= x:
            continue
        while X[end] > x:
            end += 1
        found.extend((Y[i], Z[i], X[i], Y[i + 1], z) for i in range(begin, end))
        X[begin + 1 : end] = [x]
        Y[begin + 1 : end] = [y]
        Z[begin:end] = [z, z]
    found += zip(Y, Z, X, Y[1:], [z_end] * len(Z), strict=False)
    sides = np.array(found)
    return np.column_stack([np.full(len(sides), -np.inf), sides[:, :2]]), sides[:, 2:]


def _bounds(front: Array, reference: Array) -> Iterator[tuple[Array, Array]]:
    """See `_boxes`: a box for each local upper bound of the first m - 1 objectives, as long as each lasts.

    Such a bound U takes each of its coordinates from a point that reaches it, and is below it
    elsewhere: D (b, k, k), one row for each coordinate, without that coordinate. All are ranks, so
    that no two points are equal anywhere: 0 is -inf, n + 1 the reference.
    """
    n, k = len(front), len(reference) - 1
    values, ranks = _rank_coordinates(front, reference)
    U = np.full((1, k), n + 1)
    D = np.zeros((1, k, k), dtype=np.int64)
    begin = np.zeros(1, dtype=np.int64)
    for end, point in enumerate(ranks[:, :k], start=1):
        hit = (point < U).all(axis=1)
        cut, kept = np.flatnonzero(hit), np.flatnonzero(~hit)
        cut_U, cut_D = U[cut], D[cut]
        yield _sides(values, cut_U, cut_D, begin[cut], end)
        new_U, new_D = _children(cut_U, cut_D, point)
        U, D = np.concatenate([U[kept], new_U]), np.concatenate([D[kept], new_D])
        begin = np.concatenate([begin[kept], np.full(len(new_U), end)])
    yield _sides(values, U, D, begin, n + 1)


def _rank_coordinates(front: Array, reference: Array) -> tuple[Array, Index]:
    """(n + 2, m) The values of each objective, ascending, from -inf to the reference.

    (n, m) who has which.
    """
    order = np.argsort(front, axis=0, kind="stable")
    values = np.vstack(
        [np.full_like(reference, -np.inf), np.take_along_axis(front, order, axis=0), reference]
    )
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(front) + 1)[:, None], axis=0)
    return values, ranks


def _sides(values: Array, U: Index, D: Index, begin: Index, end: int) -> tuple[Array, Array]:
    """(low, high) of the boxes of some local upper bounds."""
    columns = np.arange(U.shape[1])
    low, high = values[_floor(D), columns], values[U, columns]
    return (
        np.column_stack([low, values[begin, -1]]),
        np.column_stack([high, np.full(len(high), values[end, -1])]),
    )


def _floor(D: Index) -> Index:
    """(b, k) The lower corners of the boxes of local upper bounds.

    Each is above the points of coordinates before.
    """
    return np.asarray((D * _before(D.shape[1])).max(axis=1))


@cache
def _before(k: int) -> Index:
    """(k, k) 1 where a row stands before a column."""
    return np.triu(np.ones((k, k), dtype=np.int64), 1)


def _children(U: Index, D: Index, point: Index) -> tuple[Index, Index]:
    """What a point leaves of the local upper bounds that it is below. Source.

    Lacour 2017, algorithm 2.
    """
    i, j = np.nonzero(point > D.max(axis=1))
    at = np.arange(len(i))
    new_U, new_D = U[i], D[i]
    new_U[at, j] = point[j]
    new_D[at, j] = point
    new_D[at, j, j] = 0
    return new_U, new_D
