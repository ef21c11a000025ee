"""Differential evolution."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..typing import Array, Index
from ..validation import check_real, check_whole
from .base import Sampler
from .ranking import rank_trials
from .startup import require_one_objective, sample_startup, vary_until_new


class DE(Sampler):
    """Differential evolution: moves points along the difference of two others, keeps the better.

    Trial i belongs to slot i modulo the population's size, and a slot holds the best of its
    finished trials: the population is read off the history, whoever ran the trials and in whatever
    order they ended. A running trial leaves its slot as it is, so no worker waits for a generation.
    Feasible complete trials rank by loss, infeasible ones behind them by how far they are from
    feasible, then pruned ones; failed ones never enter.

    When to use: for thousands of cheap trials, when you distrust a model. With few it is little
    better than chance.

    Args:
        population_size: Number of slots, 4 to a million; if None, one a parameter, 10 to 50.
        F: Length of the step along the difference, above 0 and at most 2.
        CR: Share of the parameters that are varied, beside one that always is; 0 to 1.

    Raises:
        ValueError: An argument is out of range.

    Source: Storn & Price 1997; asynchronous and for mixed spaces as in DEHB (Awad 2021): numbers
    outside their range are drawn anew, categories and discrete values own equal parts of the unit
    interval; Deb 2000 (constraints). Deviations: slots by number, and a smaller population, as
    budgets are of hundreds; quasi-random start led by the centre.
    """

    def __init__(self, population_size: int | None = None, F: float = 0.5, CR: float = 0.5) -> None:
        if population_size is not None:
            check_whole("population_size", population_size, least=4, most=1_000_000)
        check_step_settings(F, CR)
        self.population_size = population_size
        self.F = F
        self.CR = CR

    def check_objectives(self, n: int) -> None:
        require_one_objective("DE", n)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.check_objectives(len(history.directions))
        size = self.population_size or min(max(10, space.d), 50)
        members = slot_members(history, size)
        filled = np.flatnonzero(members >= 0)
        if history.n < size or len(filled) < 4:
            return sample_startup(space, history, n, rng)
        U = space.to_cube(history.X[members[filled]], rng)

        def vary(i: int, attempt: int) -> Array:
            slot = (history.n + i) % size
            own = np.flatnonzero(filled == slot)
            others = np.flatnonzero(filled != slot)
            a, b, c = U[rng.choice(others, 3, replace=False)]
            old = U[own[0]] if len(own) else a
            return rand_1_bin(a, b, c, old, self.F, self.CR, rng)

        return vary_until_new(space, history, n, rng, vary)


def check_step_settings(F: float, CR: float) -> None:
    """Raise ValueError where a setting of `rand_1_bin` is out of range."""
    check_real("F", F, least=0, most=2, above=True)
    check_real("CR", CR, least=0, most=1)


def rand_1_bin(
    a: Array, b: Array, c: Array, old: Array, F: float, CR: float, rng: np.random.Generator
) -> Array:
    """Return the mutant a + F (b - c), crossed with `old`: points of the unit cube (d,) each.

    What leaves the cube is drawn anew; at least one parameter is the mutant's.

    Source: Storn & Price 1997 (DE/rand/1/bin).
    """
    mutant = a + F * (b - c)
    outside = (mutant < 0) | (mutant > 1)
    mutant[outside] = rng.random(int(outside.sum()))
    varied = rng.random(len(mutant)) < CR
    varied[rng.integers(len(mutant))] = True
    return np.asarray(np.where(varied, mutant, old))


def slot_members(history: History, size: int) -> Index:
    """Return (size,) the number of the best finished trial of each slot, -1 where there is none."""
    order, n_finished = rank_trials(history)
    members = np.full(size, -1)
    worst_first = order[:n_finished][::-1]  # of several writes to a slot the last, the best, stays
    members[worst_first % size] = worst_first
    return members
