"""NSGA-III."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from ..errors import SamplerError
from ..history.history import History
from ..numerics.pareto import fronts
from ..space.space import Space
from ..typing import Array, Index, Mask
from .nsga2 import NSGA2
from .variation import CrossoverName, MutationName

_LEAST = 1e-6  # share of the range below which an intercept says nothing


class NSGA3(NSGA2):
    """NSGA-II that spreads its population along reference directions.

    For three objectives and more.

    Of the front that does not fit as a whole, trials live on whose direction has the fewest
    members, the nearest to it first. Distances are measured between the ideal point and the
    intercepts of the plane through the extreme points.

    Args:
        population_size: As in `NSGA2`.
        crossover: As in `NSGA2`.
        crossover_rate: As in `NSGA2`.
        mutation: As in `NSGA2`.
        mutation_rate: As in `NSGA2`.
        reference_directions: (h, m) from the ideal point, at least 0 each, in units of the
            objectives' ranges; None takes as many of Das and Dennis as the population has places:
            see `das_dennis`.

    Raises:
        ValueError: An argument out of range.

    Source: Deb & Jain 2014. Deviations: as in `NSGA2`; extreme points are sought among the
    non-dominated, in units of the range; ideal and extreme points are those of the living; the
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
        self.reference_directions = (
            None if reference_directions is None else np.array(reference_directions, dtype=float)
        )
        given = self.reference_directions
        if given is not None and not (
            given.ndim == 2
            and given.size
            and np.isfinite(given).all()
            and (given >= 0).all()
            and given.any(axis=1).all()
        ):
            raise ValueError(
                "reference_directions must be an array (h, m) of finite numbers of at least 0, "
                "with one above 0 in "
                f"each row, got {reference_directions!r}"
            )
        self._drawn: dict[int, Array] = {}

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        m, given = len(history.directions), self.reference_directions
        if given is not None and given.shape[1] != m:
            raise SamplerError(
                f"reference_directions have {given.shape[1]} columns for {m} objectives; give one "
                "each"
            )
        return super().sample(space, history, n, rng)

    def ranked(self, losses: Array) -> Index:
        rank = fronts(losses)
        size = np.bincount(rank).cumsum()
        last = int(np.searchsorted(size, self.population_size))
        if last == len(size) or size[last] == self.population_size:
            return np.argsort(rank, kind="stable")
        niche, distance = associate(
            normalised(losses, rank == 0), self._directions(losses.shape[1])
        )
        level = np.zeros(len(losses), dtype=np.int64)
        split = np.flatnonzero(rank == last)
        split = split[np.lexsort((distance[split], niche[split]))]
        taken = np.bincount(niche[rank < last], minlength=int(niche.max()) + 1)
        first = np.searchsorted(niche[split], niche[split])  # where each niche begins
        level[split] = taken[niche[split]] + np.arange(len(split)) - first
        return np.lexsort((distance, level, rank))

    def _directions(self, m: int) -> Array:
        if self.reference_directions is not None:
            return self.reference_directions
        if m not in self._drawn:
            self._drawn[m] = das_dennis(m, self.population_size)
        return self._drawn[m]


def normalised(losses: Array, front: Mask) -> Array:
    """Losses (n, m) from the ideal point, in units of the intercepts of the plane through the extreme points.

    Args:
        losses: Of all candidates.
        front: (n,) which of them no other dominates; the extreme point of an axis is the one
            nearest to it. Where the points span no plane, or it misses an axis, the worst of these
            takes the intercept's place.
    """
    above = losses - losses.min(axis=0)
    worst = above.max(axis=0)
    above = above / np.where(worst > 0, worst, 1.0)
    best = above[front]
    m = losses.shape[1]
    weights = np.where(np.eye(m, dtype=bool), 1e-6, 1.0)
    extreme = best[(best * weights[:, None]).max(axis=2).argmin(axis=1)]
    span = best.max(axis=0)
    if np.linalg.matrix_rank(extreme) == m:
        plane = np.linalg.solve(extreme, np.ones(m))
        if (plane > 0).all() and (plane < 1 / _LEAST).all():
            span = np.minimum(1 / plane, 1.0)
    return np.asarray(above / np.where(span > _LEAST, span, 1.0))


def associate(points: Array, directions: Array) -> tuple[Index, Array]:
    """The direction (n,) whose line through the origin is the nearest to each point (n, m), and its distance (n,)."""
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    along = (points @ unit.T)[:, :, None] * unit
    distance = np.linalg.norm(points[:, None] - along, axis=2)
    niche = distance.argmin(axis=1)
    return niche, distance[np.arange(len(points)), niche]


def das_dennis(m: int, most: int) -> Array:
    """Reference directions (h, m), rows that sum to 1.

    The finest even lattice of at most `most`, and at least m.

    Where it has no inner points, a second lattice is set inside it, half as wide, as fine as there
    is room for.

    Source: Das & Dennis 1998; two layers as in Deb & Jain 2014.
    """
    p = _divisions(m, max(most, m))
    outer = lattice(m, p)
    left = most - len(outer)
    if p >= m or left < m:
        return outer
    return np.concatenate([outer, lattice(m, min(_divisions(m, left), p)) / 2 + 0.5 / m])


def _divisions(m: int, most: int) -> int:
    """Into how many parts each axis can be divided for a lattice of at most so many points."""
    p = 1
    while math.comb(m + p, m - 1) <= most:
        p += 1
    return p


def lattice(m: int, p: int) -> Array:
    """All points (h, m) whose coordinates are multiples of 1 / p and sum to 1."""
    bars = np.array(list(combinations(range(m + p - 1), m - 1)), dtype=np.int64).reshape(-1, m - 1)
    ends = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), m + p - 1)])
    return np.asarray((np.diff(ends, axis=1) - 1) / p)
