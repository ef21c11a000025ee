"""Differential evolution."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..typing import Array, Index
from .base import Sampler
from .ranking import rank_trials
from .startup import require_one_objective, sample_startup, to_cube, vary_until_new


class DE(Sampler):
    """Moves each point of a population along the difference of two others.

    The better of old and new stays.

    Trial i belongs to slot i modulo the population's size, and a slot holds the best of its
    finished trials: the population is read off the history, whoever ran the trials and in whatever
    order they came. A trial that runs leaves its slot as it is, so no worker waits for a
    generation. Feasible complete trials rank by loss, infeasible ones behind them by how far they
    are from feasible, then pruned ones; failed ones never enter.

    Args:
        population_size: Number of slots, at least 4; if None, one a parameter, between 10 and 50.
        F: Length of the step along the difference.
        CR: Share of the parameters that are varied, beside one that always is.

    Raises:
        ValueError: An argument out of range.

    Source: Storn & Price 1997; asynchronous and for mixed spaces as in DEHB (Awad 2021): numbers
    outside their range are drawn anew, categories and discrete values own equal parts of the unit
    interval; Deb 2000 (constraints). Deviations: slots by number, and a smaller population, as
    budgets are of hundreds; quasi-random start led by the centre.
    """

    def __init__(self, population_size: int | None = None, F: float = 0.5, CR: float = 0.5) -> None:
        if population_size is not None and population_size < 4:
            raise ValueError(f"population_size must be at least 4, got {population_size!r}")
        if not 0 < F <= 2:
            raise ValueError(f"F must be above 0 and at most 2, got {F!r}")
        if not 0 <= CR <= 1:
            raise ValueError(f"CR must be between 0 and 1, got {CR!r}")
        self.population_size = population_size
        self.F = F
        self.CR = CR

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        require_one_objective("DE", history)
        size = self.population_size or min(max(10, space.d), 50)
        holds = slots(history, size)
        full = np.flatnonzero(holds >= 0)
        if history.n < size or len(full) < 4:
            return sample_startup(space, history, n, rng)
        U = to_cube(space, history.X[holds[full]], rng)

        def vary(i: int, attempt: int) -> Array:
            slot = (history.n + i) % size
            own = np.flatnonzero(full == slot)
            others = np.flatnonzero(full != slot)
            a, b, c = U[rng.choice(others, 3, replace=False)]
            return rand_1_bin(a, b, c, U[own[0]] if len(own) else a, self.F, self.CR, rng)

        return vary_until_new(space, history, n, rng, vary)


def rand_1_bin(
    a: Array, b: Array, c: Array, old: Array, F: float, CR: float, rng: np.random.Generator
) -> Array:
    """The mutant a + F (b - c), crossed with `old`: points of the unit cube (d,) each.

    What leaves the cube is drawn anew; at least one parameter is the mutant's. Source: Storn &
    Price 1997.
    """
    new = a + F * (b - c)
    outside = (new < 0) | (new > 1)
    new[outside] = rng.random(int(outside.sum()))
    varied = rng.random(len(new)) < CR
    varied[rng.integers(len(new))] = True
    return np.asarray(np.where(varied, new, old))


def slots(history: History, size: int) -> Index:
    """(size,) number of the best finished trial of each slot, -1 where there is none."""
    order, n_finished = rank_trials(history)
    holds = np.full(size, -1)
    numbers = order[:n_finished][::-1]  # the best are written last
    holds[numbers % size] = numbers
    return holds
