"""The columns of a space, as an optimizer of the package `cmaes` sees them.

Notation: of d columns that vary, v are numbers (continuous ones first, then those with cells) and
c are categories. A cell is the part of the unit interval that a discrete value owns.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from cmaes import CMA, CatCMAwM  # type: ignore[import-untyped]
from scipy.special import ndtr, ndtri

from ..space.distributions import Categorical
from ..space.space import Space
from ..typing import Array, Index
from .cmaes_state import Optimizer, read_normal, read_probabilities, standardised_length
from .startup import raw_values

_MAX_CELLS = 1024  # discrete numbers with more values than this have no margin
_PRECISION = 1e-6  # a search has converged when all standard deviations are below this
_MAX_LENGTH = 3.0  # beyond sqrt(v), of a step in units of the distribution


class OptimizerColumns:
    """Turns unit columns of a space into what an optimizer draws and learns from, and back.

    Numbers with up to 1,024 values have cells, numbers with more are continuous. Categories are
    what has no order, or two values.

    Args:
        space: The space of the columns.

    Attributes:
        d: Number of columns that vary.
        n_numbers: Number of those that are numbers.
        continuous: Whether all of them are numbers without steps.
        n_probabilities: Number of categories, times the choices of the largest.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        real: list[int] = []
        cells: list[int] = []
        categories: list[int] = []
        self._values: dict[int, Array] = {}  # unit columns of the discrete ones
        for j, p in enumerate(space.dists):
            k = p.n_values
            if k == 1:
                continue
            if k is None or (k > _MAX_CELLS and not isinstance(p, Categorical)):
                real.append(j)
                continue
            self._values[j] = p.to_unit(raw_values(p))
            if k == 2 or j in space.unordered:
                categories.append(j)
            else:
                cells.append(j)

        self._real = real
        self._cells = cells
        self._categories = categories
        self._numbers = real + cells
        self.n_numbers = len(self._numbers)
        self.d = self.n_numbers + len(categories)
        most = max((len(self._values[j]) for j in categories), default=0)
        self.n_probabilities = most * len(categories)
        stepless = all(space.dists[j].n_values is None for j in real)
        self.continuous = stepless and not cells and not categories

        # (columns of the space,) what constants are, and 0 elsewhere
        self._constants = np.zeros(space.d)
        for j, p in enumerate(space.dists):
            if p.n_values == 1:
                self._constants[j] = p.to_unit(0.0) if isinstance(p, Categorical) else 0.5

    def numbers_of(self, X: Array) -> Array:
        """Return the numbers (n, v) among unit columns (n, d).

        An inactive one gets the mean of the others, or the middle.
        """
        V = X[:, self._numbers]
        active = ~np.isnan(V)
        mean = np.where(active, V, 0.0).sum(axis=0) / np.maximum(active.sum(axis=0), 1)
        return np.where(active, V, np.where(active.any(axis=0), mean, 0.5))

    def make_optimizer(
        self,
        mean: Array,
        sigma: float,
        size: int,
        lr_adapt: bool,
        cov: Array | None = None,
        X: Array | None = None,
    ) -> Optimizer:
        """Return a fresh optimizer.

        Args:
            mean: (v,) first mean of the numbers.
            sigma: First step size.
            size: Trials in a generation.
            lr_adapt: Whether it adapts its learning rate; only without discrete columns.
            cov: (v, v) first covariance; None for the identity.
            X: (n, d) points whose categories are likely at first; None for all alike.
        """
        cov = np.eye(len(mean)) if cov is None else cov
        if not self._cells and not self._categories:
            bounds = np.tile([0.0, 1.0], (len(mean), 1))
            return CMA(
                mean, sigma, bounds, population_size=size, cov=cov, lr_adapt=lr_adapt, seed=0
            )

        n_choices = [len(self._values[j]) for j in self._categories]
        q = np.zeros((len(n_choices), max(n_choices, default=0)))
        for i, (j, k) in enumerate(zip(self._categories, n_choices, strict=True)):
            count = np.ones(k)
            if X is not None:
                np.add.at(count, self._index(j, X[~np.isnan(X[:, j]), j]), 1.0)
            q[i, :k] = count / count.sum()
        return CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._real) or None,
            z_space=[self._values[j].tolist() for j in self._cells] or None,
            c_space=n_choices or None,
            population_size=size,
            seed=0,
            mean=mean if len(mean) else None,
            sigma=sigma,
            cov=cov if len(mean) else None,
            cat_param=q if n_choices else None,
        )

    def draw(self, optimizer: Optimizer) -> tuple[Array, bool]:
        """Return one draw as unit columns (1, d), and whether it lay inside the unit cube.

        If not, it was moved to the nearest face.
        """
        X = self._constants[None].copy()
        if isinstance(optimizer, CMA):
            X[0, self._numbers] = optimizer.ask()
            return X, True
        drawn = optimizer.ask()
        inside = True
        if self._real:
            X[0, self._real] = drawn.x
            inside = bool(((drawn.x > 0) & (drawn.x < 1)).all())
        if self._cells:
            X[0, self._cells] = drawn.z
        for i, j in enumerate(self._categories):
            X[0, j] = self._values[j][np.argmax(drawn.c[i])]
        return X, inside

    def make_solutions(
        self, optimizer: Optimizer, X: Array, rng: np.random.Generator
    ) -> list[tuple[Any, float]]:
        """Return what an optimizer learns of a generation: draws with their ranks.

        Args:
            optimizer: What the generation is for.
            X: (n, d) points, the best first.
            rng: Source of numbers within cells, and of inactive ones.
        """
        V = self._draws_of(optimizer, X, rng) if self._numbers else np.empty((len(X), 0))
        if isinstance(optimizer, CMA):
            return [(v, float(rank)) for rank, v in enumerate(V)]

        q = read_probabilities(optimizer) if self._categories else None
        solutions = []
        for rank, v in enumerate(V):
            chosen = None
            if q is not None:
                chosen = q.copy()  # an inactive category changes nothing
                for i, j in enumerate(self._categories):
                    if not np.isnan(X[rank, j]):
                        chosen[i] = np.arange(q.shape[1]) == self._index(j, X[rank, j])
            solution = CatCMAwM.Solution(None, None, chosen, v if self._numbers else None)
            solutions.append((solution, float(rank)))
        return solutions

    def _index(self, j: int, x: Array) -> Index:
        """Return which values of a discrete column unit values x are."""
        values = self._values[j]
        return np.searchsorted((values[1:] + values[:-1]) / 2, x)

    def _draws_of(self, optimizer: Optimizer, X: Array, rng: np.random.Generator) -> Array:
        """Return numbers (n, v) that points X (n, d) may have been drawn as.

        A continuous number is what it is, a discrete one is drawn within its cell, an inactive one
        from the present distribution. Steps longer than sqrt(v) + 3 are shortened to that.

        Source: Hansen 2011 (injected solutions).
        """
        mean, sd, _ = read_normal(optimizer)
        V = X[:, self._numbers]
        low, high = self._cells_of(V)
        loose = ~(low == high)
        if loose.any():
            drawn = truncated_normal(mean, sd, low, high, rng.random(V.shape), V)
            V[loose] = drawn[loose]

        length = standardised_length(optimizer, V)
        limit = math.sqrt(len(mean)) + _MAX_LENGTH
        far = length > limit
        V[far] = mean + (V[far] - mean) * (limit / length[far])[:, None]
        return V

    def _cells_of(self, V: Array) -> tuple[Array, Array]:
        """Return the ends (n, v), (n, v) between which numbers (n, v) may have been drawn."""
        low = V.copy()
        high = V.copy()
        for i, j in enumerate(self._numbers):
            active = ~np.isnan(V[:, i])
            p = self._space.dists[j]
            if j in self._values:
                # The outer cells have no end, as the optimizer's distribution has none.
                values = self._values[j]
                ends = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
                cell = self._index(j, V[active, i])
                low[active, i] = ends[cell]
                high[active, i] = ends[cell + 1]
                low[~active, i] = -np.inf
                high[~active, i] = np.inf
            else:
                if p.n_values is not None:
                    low[active, i], high[active, i] = p.cells(p.from_unit(V[active, i]))
                low[~active, i] = 0.0
                high[~active, i] = 1.0
        return low, high

    def has_converged(self, optimizer: Optimizer) -> bool:
        """Whether all numbers are continuous, and their standard deviations below 1e-6."""
        if self._cells or not self._real:
            return False
        return bool((read_normal(optimizer).sd < _PRECISION).all())


def truncated_normal(
    mean: Array, sd: Array, low: Array, high: Array, u: Array, fallback: Array
) -> Array:
    """Return quantiles u of normal distributions that are cut to [low, high].

    Where nothing of a distribution is left, the fallback; where that is NaN, the nearer end.
    """
    with np.errstate(all="ignore"):
        a = (low - mean) / sd
        b = (high - mean) / sd
        # Above the mean the tail is computed on the other side, where it can be told from 1.
        above = a > 0
        a, b = np.where(above, -b, a), np.where(above, -a, b)
        z = ndtri(ndtr(a) + u * (ndtr(b) - ndtr(a)))
        x = mean + sd * np.where(above, -z, z)
    found = np.isfinite(x)
    otherwise = np.where(np.isnan(fallback), mean, fallback)
    return np.where(found, np.clip(x, low, high), otherwise)
