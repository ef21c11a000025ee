"""NSGA-III.

Notation: n trials, m objectives, h reference directions. A niche is the set of trials that are
nearest to one direction.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SamplerError
from ..numerics.pareto import fronts
from ..typing import Array, Index, Mask
from ..validation import show
from .nsga import NSGA, Ranking
from .variation import CrossoverName, MutationName

_MIN_SPAN = 1e-6  # share of the range below which an intercept says nothing
_ON_AXIS = 1e-6  # weight of its own objective in the extreme point of an axis, as in the paper


class NSGA3(NSGA):
    """NSGA-III: as `NSGA2`, but the population spreads along reference directions.

    Of the front that does not fit as a whole, those trials live on whose direction has the fewest
    members, the nearest to it first. Distances are measured between the ideal point and the
    intercepts of the plane through the extreme points.

    When to use: for three objectives and more, and hundreds of cheap trials.

    Args:
        population_size: As in `NSGA2`.
        crossover: As in `NSGA2`.
        crossover_rate: As in `NSGA2`.
        mutation: As in `NSGA2`.
        mutation_rate: As in `NSGA2`.
        reference_directions: (h, m) from the ideal point, at least 0 each, in units of the
            objectives' ranges. None takes as many of Das and Dennis as the population has places:
            see `das_dennis`.

    Raises:
        ValueError: An argument is out of range.

    Source: Deb & Jain 2014, section IV. Deviations: as in `NSGA2`; extreme points are sought among
    the non-dominated, in units of the range; ideal and extreme points are those of the living; the
    nearest is taken where the paper draws by lot, so that the population is a function of the
    history; parents of better fronts win.
    """

    def __init__(
        self,
        population_size: int = 20,
        crossover: CrossoverName = "sbx",
        crossover_rate: float = 0.9,
        mutation: MutationName = "polynomial",
        mutation_rate: float | None = None,
        reference_directions: ArrayLike | None = None,
    ) -> None:
        super().__init__(population_size, crossover, crossover_rate, mutation, mutation_rate)
        self.reference_directions: Array | None = None
        if reference_directions is not None:
            self.reference_directions = _check_directions(reference_directions)
        self._generated: dict[int, Array] = {}  # by number of objectives

    def ranking(self, m: int) -> Ranking:
        directions = self.reference_directions
        if directions is None:
            if m not in self._generated:
                self._generated[m] = das_dennis(m, self.population_size)
            directions = self._generated[m]
        elif directions.shape[1] != m:
            raise SamplerError(
                f"reference_directions have {directions.shape[1]} columns for {m} objectives; give "
                "one each"
            )
        return partial(rank_by_niches, directions=directions, size=self.population_size)


def _check_directions(given: ArrayLike) -> Array:
    """Return reference directions as an array.

    Raises:
        ValueError: They are not an array (h, m) of finite numbers >= 0, with one > 0 in each row.
    """
    try:
        directions = np.array(given, dtype=float)
    except (TypeError, ValueError, OverflowError):
        directions = np.empty(0)
    good = directions.ndim == 2 and directions.size and np.isfinite(directions).all()
    if not good or (directions < 0).any() or not directions.any(axis=1).all():
        raise ValueError(
            "reference_directions must be an array (h, m) of finite numbers >= 0, with one > 0 in "
            f"each row, got {show(given)}"
        )
    return directions


def rank_by_niches(losses: Array, directions: Array, size: int) -> Index:
    """Return the order (n,) of losses (n, m), the best first.

    By front. In the front that does not fit as a whole, by how many members the niche has before
    each, then by distance from the direction.

    Args:
        losses: (n, m).
        directions: (h, m) reference directions.
        size: Trials that live.

    Source: Deb & Jain 2014, algorithm 4 (niching).
    """
    front = fronts(losses)
    n_up_to = np.bincount(front).cumsum()
    last = int(np.searchsorted(n_up_to, size))  # the first front that does not fit
    if last == len(n_up_to) or n_up_to[last] == size:
        return np.argsort(front, kind="stable")

    niche, distance = associate(normalise(losses, front == 0), directions)
    # In the last front: members of the niche in better fronts, and nearer ones in this front.
    split = np.flatnonzero(front == last)
    split = split[np.lexsort((distance[split], niche[split]))]
    n_better = np.bincount(niche[front < last], minlength=int(niche.max()) + 1)
    first = np.searchsorted(niche[split], niche[split])  # where each niche begins
    n_before = np.zeros(len(losses), dtype=np.int64)
    n_before[split] = n_better[niche[split]] + np.arange(len(split)) - first
    return np.lexsort((distance, n_before, front))


def normalise(losses: Array, front: Mask) -> Array:
    """Return losses (n, m) from the ideal point, in units of the intercepts.

    The intercepts are those of the plane through the extreme points, of which each axis has one:
    the point nearest to it. Where the points span no plane, or it misses an axis, the worst of the
    front takes the intercept's place.

    Args:
        losses: Of all candidates.
        front: (n,) those that no other dominates.

    Source: Deb & Jain 2014, section IV-C and algorithm 2.
    """
    above = losses - losses.min(axis=0)
    worst = above.max(axis=0)
    above = above / np.where(worst > 0, worst, 1.0)

    # The extreme point of an axis has the least achievement: the largest of its components, of
    # which that along the axis hardly counts.
    best = above[front]
    m = losses.shape[1]
    weights = np.where(np.eye(m, dtype=bool), _ON_AXIS, 1.0)
    extreme = best[(best * weights[:, None]).max(axis=2).argmin(axis=1)]

    # The plane {f: plane @ f = 1} through the extreme points meets axis i at 1 / plane[i].
    span = best.max(axis=0)
    if np.linalg.matrix_rank(extreme) == m:
        plane = np.linalg.solve(extreme, np.ones(m))
        if (plane > 0).all() and (plane < 1 / _MIN_SPAN).all():
            span = np.minimum(1 / plane, 1.0)
    return np.asarray(above / np.where(span > _MIN_SPAN, span, 1.0))


def associate(points: Array, directions: Array) -> tuple[Index, Array]:
    """Return the nearest direction (n,) of each point (n, m), and its distance (n,).

    The distance is that from the line through the origin. Source: Deb & Jain 2014, algorithm 3.
    """
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    projected = (points @ unit.T)[:, :, None] * unit
    distance = np.linalg.norm(points[:, None] - projected, axis=2)
    niche = distance.argmin(axis=1)
    return niche, distance[np.arange(len(points)), niche]


def das_dennis(m: int, most: int) -> Array:
    """Return reference directions (h, m), rows that sum to 1.

    The finest even lattice of at most `most` directions, and at least m. Where it has no inner
    points, a second lattice is set inside it, half as wide, as fine as there is room for.

    Args:
        m: Number of objectives.
        most: Largest number of directions.

    Source: Das & Dennis 1998; two layers as in Deb & Jain 2014.
    """
    p = _max_divisions(m, max(most, m))
    outer = lattice(m, p)
    left = most - len(outer)
    if p >= m or left < m:
        return outer
    inner = lattice(m, min(_max_divisions(m, left), p))
    return np.concatenate([outer, inner / 2 + 0.5 / m])


def _max_divisions(m: int, most: int) -> int:
    """Return the largest p for which a lattice has at most `most` points."""
    p = 1
    while math.comb(m + p, m - 1) <= most:  # points of the lattice with p + 1
        p += 1
    return p


def lattice(m: int, p: int) -> Array:
    """Return all points (h, m) whose coordinates are multiples of 1 / p and sum to 1.

    There are C(m + p - 1, m - 1) of them: ways to place m - 1 bars among p stars.
    """
    bars = np.array(list(combinations(range(m + p - 1), m - 1)), dtype=np.int64).reshape(-1, m - 1)
    before = np.full(len(bars), -1)
    after = np.full(len(bars), m + p - 1)
    ends = np.column_stack([before, bars, after])
    return np.asarray((np.diff(ends, axis=1) - 1) / p)
