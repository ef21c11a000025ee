"""The hypervolume of losses, the contribution of each point, and the region not yet dominated.

Notation: a front has n points with m objectives, all below a reference point. `values` (n + 2, m)
are its coordinates, ascending in each objective between -inf and the reference; `ranks` (n, m) are
the rows of `values` that hold a point's coordinates. A local upper bound (Lacour 2017) is a corner
of the region that no point dominates: U (b, k) are its ranks, and D (b, k, k) the ranks of the
points that define it, D[:, j] the one of coordinate j, with 0 on the diagonal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cache

import numpy as np

from ..typing import Array, Index
from .pareto import is_non_dominated

_CELLS = 2**19  # numbers computed with at once
_MAX_NUMBERS = 2**22  # of the boxes of a region; with more of them a volume takes too long
_MAX_OBJECTIVES = 8  # with more of them the volume of each point takes too long
_N_DIRECTIONS = 256  # in which points reach out, where no volume is computed


def hypervolume(losses: Array, reference: Array) -> float:
    """Volume below a reference that the points of losses (n, m) dominate together.

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


def growing_hypervolume(losses: Array, reference: Array, ends: Index) -> Array:
    """Volumes (k,) that the first points of losses (n, m) dominate, for some numbers of points.

    A volume is computed only where the front has changed since the one before; but for rounding,
    none is smaller than the one before.

    Args:
        losses: Smaller is better; counted as by `hypervolume`.
        reference: (m,) The upper corner, finite.
        ends: (k,) How many points count each time, in 0..n, none smaller than the one before.

    Raises:
        ValueError: The reference is not finite, or of another length.
    """
    volumes = np.zeros(len(ends))
    front = np.empty((0, len(reference)))
    begin = 0
    volume = 0.0
    for k, end in enumerate(ends.tolist()):
        both = np.concatenate([front, losses[begin:end]])
        kept = _front(both, reference)
        if (kept >= len(front)).any():
            front = both[kept]
            volume = max(volume, hypervolume(front, reference))
        volumes[k] = volume
        begin = end
    return volumes


def contributions(losses: Array, reference: Array) -> Array:
    """Volume (n,) below a reference that only one point of losses (n, m) dominates, for each.

    With more than eight objectives it is no volume, but how much farther a point reaches than all
    others, in the mean of some directions; see `_reaches`.

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
    if len(reference) > _MAX_OBJECTIVES:
        result[numbers] = _reach_alone(points)
        return result
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
    """Numbers (min(k, n),) of points of losses (n, m) that dominate much together.

    Each is chosen for what it adds to those before. They dominate at least 1 - 1/e of what the best
    k would. Where no point adds anything any more, the others follow in their order. With so many
    objectives or points that the region has too many boxes, further ones are chosen for how much
    farther they reach than those before, in the mean of some directions; see `_reaches`.

    Args:
        losses: Smaller is better; -inf is taken to be as far below the smallest finite loss as that
            is below the reference.
        reference: (m,) The upper corner, finite.
        k: Number of points to choose.

    Raises:
        ValueError: The reference is not finite, or of another length.

    Source: Guerreiro 2016 (greedy, incremental). Deviation: with more than two objectives, what a
    choice takes from all others is summed over the boxes that it cuts, see `boxes`.
    """
    numbers = _front(losses, reference)
    front, _ = _scale_front(losses[numbers], reference)
    first = (_greedy_of_two if front.shape[1] == 2 else _greedy)(front, k)
    if len(first) < min(k, len(front)):
        first = _greedy_by_reach(front, k, first)
    chosen = numbers[first]
    left = np.ones(len(losses), dtype=bool)
    left[chosen] = False
    return np.concatenate([chosen, np.flatnonzero(left)])[:k]


def reference_point(losses: Array) -> Array:
    """A point (m,) just behind the worst finite losses (n, m).

    It is max(1.1 w, 0.9 w) of the worst w, and 1e-12 for 0.

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
        wherever nothing else bounds a box.

    Raises:
        ValueError: The reference is not finite, or of another length.

    Source: Lacour 2017. Deviation: boxes of the region that is not dominated; each is the other
    side, in the first objective, of one that is.
    """
    found = list(_boxes(front[_front(front, reference)], reference))
    low = np.concatenate([a for a, _ in found])
    high = np.concatenate([b for _, b in found])
    solid = (low < high).all(axis=1)
    return low[solid], high[solid]


def _below(losses: Array, reference: Array) -> Index:
    """Numbers of the points that are below the reference in all objectives."""
    if reference.shape != losses.shape[1:] or not np.isfinite(reference).all():
        raise ValueError(f"the reference must be {losses.shape[1]} finite numbers, got {reference}")
    return np.flatnonzero((losses < reference).all(axis=1))


def _front(losses: Array, reference: Array) -> Index:
    """Numbers (f,) of the points below the reference that are not dominated.

    Equal points count once. They are sorted by the last objective, the best first.
    """
    below = _below(losses, reference)
    below = below[np.lexsort(losses[below].T)]
    points = losses[below]
    best = is_non_dominated(points)
    best[1:] &= (points[1:] != points[:-1]).any(axis=1)
    return below[best]


def _scale_front(front: Array, reference: Array) -> tuple[Array, Array]:
    """A front (n, m) in units of its depth below the reference, which becomes 0; see `subset`.

    Also returns half that depth (m,).
    """
    front = front / 2
    half = reference / 2  # differences of halves cannot overflow
    lowest = np.where(np.isneginf(front), np.inf, front).min(axis=0, initial=np.inf)
    depth = np.where(np.isinf(lowest), 0.5, half - lowest)
    return np.maximum((front - half) / depth, -2.0), depth


def _volume(front: Array, reference: Array) -> float:
    """Hypervolume of a finite front as of `_front`: the volume behind the boxes before it."""
    total = 0.0
    with np.errstate(over="ignore"):
        for low, high in _boxes(front, reference):
            some = (high[:, 0] < reference[0]) & (low[:, 1:] < high[:, 1:]).all(axis=1)
            sides = (high[some, 1:] - low[some, 1:]).prod(axis=1)
            total += float(((reference[0] - high[some, 0]) * sides).sum())
    return total


def _count_alone(points: Array) -> Array:
    """Volume (n,) that each of points (n, m) below 0 dominates alone.

    It is the sum over the cells between their coordinates that have one dominator.
    """
    n, m = points.shape
    sides = []
    at = []
    for x in points.T:
        values, cell = np.unique(x, return_inverse=True)
        sides.append(np.diff(values, append=0.0))
        at.append(cell)

    # For each cell the number of its dominators · 2^32, plus the sum of their numbers.
    dominators = np.zeros([len(side) for side in sides], dtype=np.int64)
    np.add.at(dominators, tuple(at), 2**32 + np.arange(n))
    for j in range(m):
        np.cumsum(dominators, axis=j, out=dominators)

    alone = np.nonzero(dominators >> 32 == 1)
    volume = np.prod([side[cell] for side, cell in zip(sides, alone, strict=True)], axis=0)
    return np.bincount(dominators[alone] - 2**32, volume, n).astype(np.float64)


def _greedy_of_two(front: Array, k: int) -> list[int]:
    """Choose up to k of a front (n, 2) below 0; see `subset`.

    Each point adds the rectangle up to the nearest chosen points on both sides.
    """
    n = len(front)
    to = np.zeros((n, 2))  # the corner up to which a point adds
    adds = front.prod(axis=1)
    chosen: list[int] = []
    fence = [-1, n]  # the chosen points in their order, between the ends
    for _ in range(min(k, n)):
        best = int(adds.argmax())

        # Only points between the two neighbours of the best now add less.
        at = bisect_right(fence, best)
        before = fence[at - 1] + 1
        after = fence[at]
        to[before:best, 1] = front[best, 1]
        to[best + 1 : after, 0] = front[best, 0]
        adds[before:after] = (to[before:after] - front[before:after]).prod(axis=1)
        adds[best] = -1.0
        fence.insert(at, best)
        chosen.append(best)
    return chosen


def _greedy(front: Array, k: int) -> list[int]:
    """Choose up to k of a front (n, m) below 0, as long as there are few boxes; see `subset`."""
    n, m = front.shape
    values, ranks = _rank_coordinates(front, np.zeros(m))
    columns = np.arange(m)

    # At first there is one box, from below all points to the reference.
    U = np.full((1, m), n + 1)
    D = np.ones((1, m, m), dtype=np.int64)  # no point is below rank 1
    D[:, columns, columns] = 0
    adds = np.abs(front.prod(axis=1))
    chosen: list[int] = []
    for _ in range(min(k, n)):
        best = int(adds.argmax())

        # The boxes that the new point cuts, from where it cuts them.
        hit = (ranks[best] < U).all(axis=1)
        cut = np.flatnonzero(hit)
        if (len(U) + m * len(cut)) * m * m > _MAX_NUMBERS:
            break
        chosen.append(best)
        uncut = np.flatnonzero(~hit)
        cut_U = U[cut]
        cut_D = D[cut]
        low = np.maximum(values[_floor(cut_D), columns], front[best])
        high = values[cut_U, columns]

        # What others would have added there is taken from them, some boxes at a time.
        step = max(1, _CELLS // (4 * n))
        for begin in range(0, len(cut), step):
            some = slice(begin, begin + step)
            taken = np.ones((n, len(low[some])))
            for j in range(m):
                lowest = np.maximum(front[:, j, None], low[some, j])
                taken *= np.maximum(high[some, j] - lowest, 0.0)
            adds -= taken.sum(axis=1)
        adds[best] = -np.inf

        # The cut boxes are replaced by those that the new point leaves of them.
        new_U, new_D = _children(cut_U, cut_D, ranks[best])
        U = np.concatenate([U[uncut], new_U])
        D = np.concatenate([D[uncut], new_D])
    return chosen


def _greedy_by_reach(front: Array, k: int, chosen: list[int]) -> list[int]:
    """Choose up to k of a front (n, m) below 0, beginning with some; see `subset`."""
    reach = _reaches(front)
    chosen = list(chosen)
    farthest = reach[chosen].max(axis=0, initial=0.0)
    for _ in range(min(k, len(front)) - len(chosen)):
        adds = np.maximum(reach - farthest, 0.0).sum(axis=1)
        adds[chosen] = -1.0
        chosen.append(int(adds.argmax()))
        farthest = np.maximum(farthest, reach[chosen[-1]])
    return chosen


def _reach_alone(points: Array) -> Array:
    """How much farther (n,) each of points (n, m) below 0 reaches than all others, in the mean."""
    reach = _reaches(points)
    others = np.sort(reach, axis=0)[-2] if len(reach) > 1 else 0.0
    alone: Array = np.maximum(reach - others, 0.0).mean(axis=1)
    return alone


def _reaches(points: Array) -> Array:
    """How far (n, h) points (n, m) below 0 reach in some directions.

    That is the length of the part of a ray from 0 that a point dominates. The volume that points
    dominate is the mean, over all directions, of the m-th power of the farthest reach.

    Source: Golovin & Zhang 2020. Deviation: without the power, and with a fixed set of directions.
    """
    reach = np.full((len(points), _N_DIRECTIONS), np.inf)
    for x, direction in zip(points.T, _directions(points.shape[1]).T, strict=True):
        np.minimum(reach, -x[:, None] / direction, out=reach)
    return reach


@cache
def _directions(m: int) -> Array:
    """Directions (h, m) into the positive orthant, evenly distributed; always the same."""
    return np.random.default_rng(0).exponential(size=(_N_DIRECTIONS, m)) + 1e-9


def _boxes(front: Array, reference: Array) -> Iterator[tuple[Array, Array]]:
    """Boxes (low (b, m), high (b, m)) before a front as of `_front`, in several parts.

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
    """Boxes for three objectives: the strips under the staircase of the first two; see `_boxes`.

    A sweep along the third objective keeps the staircase, and a strip is a box for as long as it
    lasts. Strip i reaches from Y[i] to Y[i + 1] in the second objective, up to X[i] in the first,
    from Z[i] in the third on.
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
    """Boxes for four objectives or more, one for each local upper bound of the first m - 1.

    A sweep along the last objective keeps these bounds, and each is a box for as long as it lasts;
    see `_boxes`.

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
        cut = np.flatnonzero(hit)
        uncut = np.flatnonzero(~hit)
        cut_U = U[cut]
        cut_D = D[cut]
        yield _sides(values, cut_U, cut_D, begin[cut], end)
        new_U, new_D = _children(cut_U, cut_D, point)
        U = np.concatenate([U[uncut], new_U])
        D = np.concatenate([D[uncut], new_D])
        begin = np.concatenate([begin[uncut], np.full(len(new_U), end)])
    yield _sides(values, U, D, begin, n + 1)


def _rank_coordinates(front: Array, reference: Array) -> tuple[Array, Index]:
    """Values (n + 2, m) from -inf to the reference, and ranks (n, m) of the points therein."""
    order = np.argsort(front, axis=0, kind="stable")
    ordered = np.take_along_axis(front, order, axis=0)
    values = np.vstack([np.full_like(reference, -np.inf), ordered, reference])
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(front) + 1)[:, None], axis=0)
    return values, ranks


def _sides(values: Array, U: Index, D: Index, begin: Index, end: int) -> tuple[Array, Array]:
    """Boxes (low, high) of local upper bounds.

    In the last objective they go from ranks `begin` (b,) to the rank `end`.
    """
    columns = np.arange(U.shape[1])
    low = values[_floor(D), columns]
    high = values[U, columns]
    return (
        np.column_stack([low, values[begin, -1]]),
        np.column_stack([high, np.full(len(high), values[end, -1])]),
    )


def _floor(D: Index) -> Index:
    """Ranks (b, k) of the lower corners of the boxes of local upper bounds.

    In each coordinate a box lies above the points that define the coordinates before.
    """
    return np.asarray((D * _before(D.shape[1])).max(axis=1))


@cache
def _before(k: int) -> Index:
    """Matrix (k, k) with 1 where a row stands before a column."""
    return np.triu(np.ones((k, k), dtype=np.int64), 1)


def _children(U: Index, D: Index, point: Index) -> tuple[Index, Index]:
    """Local upper bounds that replace those above a point, given by its ranks (k,).

    Source: Lacour 2017, algorithm 2.
    """
    i, j = np.nonzero(point > D.max(axis=1))
    at = np.arange(len(i))
    new_U = U[i]
    new_D = D[i]
    new_U[at, j] = point[j]
    new_D[at, j] = point
    new_D[at, j, j] = 0
    return new_U, new_D
