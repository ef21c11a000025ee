"""The part that NSGA-II and NSGA-III share: a population that is read off the history.

Notation: m objectives. A table (n, 1 + m) holds the violation and the losses of each trial; a
violation of -1 marks trials that cannot be parents.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from ..validation import check_name, check_real, check_whole
from .base import Sampler
from .startup import require_several_objectives, sample_startup, vary_until_new
from .variation import CROSSOVERS, MUTATIONS, Breeder, CrossoverName, MutationName

_FARTHEST = 1e300  # losses beyond it count as it: differences do not overflow

Ranking = Callable[[Array], Index]
"""From the losses (n, m) of feasible trials to their order (n,), the best first."""


class NSGA(Sampler):
    """A population that loses its worst member whenever a trial joins it.

    Abstract: `NSGA2` and `NSGA3` say how feasible trials rank.

    Args:
        population_size: Trials that live, and length of the quasi-random start.
        crossover: Name of the crossover.
        crossover_rate: Share of the children that have several parents.
        mutation: Name of the mutation.
        mutation_rate: Share of the parameters that mutate; None is one in d.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        population_size: int = 20,
        crossover: CrossoverName = "sbx",
        crossover_rate: float = 0.9,
        mutation: MutationName = "polynomial",
        mutation_rate: float | None = None,
    ) -> None:
        check_name("crossover", crossover, CROSSOVERS)
        check_name("mutation", mutation, MUTATIONS)
        n_parents = CROSSOVERS[crossover].n_parents
        if check_whole("population_size", population_size) < 2 * n_parents:
            raise ValueError(
                f"population_size must be at least {2 * n_parents} with {crossover!r}, which takes "
                f"{n_parents} parents, got {population_size!r}"
            )
        check_real("crossover_rate", crossover_rate, least=0, most=1)
        if mutation_rate is not None:
            check_real("mutation_rate", mutation_rate, least=0, most=1)
        self.population_size = population_size
        self.crossover = crossover
        self.crossover_rate = crossover_rate
        self.mutation = mutation
        self.mutation_rate = mutation_rate
        # the last table, and the population after each of its trials
        self._past: tuple[Array, list[Index]] = (np.empty((0, 0)), [])

    @abstractmethod
    def ranking(self, m: int) -> Ranking:
        """Return the function that ranks feasible trials with m losses.

        Raises:
            SamplerError: The settings are for another number of objectives.
        """

    def check_objectives(self, n: int) -> None:
        require_several_objectives(type(self).__name__, n)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        self.check_objectives(len(history.directions))
        self.ranking(len(history.directions))  # raises before the start is over
        table = tabulate_outcomes(history)
        n_parents = np.count_nonzero(table[:, 0] >= 0)
        constant = all(p.n_values == 1 for p in space.dists)
        if n_parents < self.population_size or constant:
            return sample_startup(space, history, n, rng)

        alive = self.population(table)
        breeder = Breeder(
            space, self.crossover, self.crossover_rate, self.mutation, self.mutation_rate
        )

        def vary(i: int, attempt: int) -> Array:
            # Binary tournaments: of two members drawn by lot the better is a parent.
            drawn = rng.permutation(len(alive))[: 2 * breeder.n_parents].reshape(2, -1)
            return breeder.make_child(history.X[alive[drawn.min(axis=0)]], attempt, rng)

        return vary_until_new(space, history, n, rng, vary)

    def population(self, table: Array) -> Index:
        """Return the numbers of the trials that live, the best first.

        Args:
            table: See `tabulate_outcomes`.
        """
        before, after = self._past
        after = after[: _count_equal(before, table)]  # a new list: threads may share a sampler
        alive = after[-1] if after else np.empty(0, dtype=np.int64)
        rank = self.ranking(table.shape[1] - 1)
        for i in range(len(after), len(table)):
            if table[i, 0] >= 0:
                alive = self._survivors(table, np.append(alive, i), rank)
            after.append(alive)
        self._past = (table, after)
        return alive

    def _survivors(self, table: Array, numbers: Index, rank: Ranking) -> Index:
        """Return as many of these trials as the population has places, the best first."""
        violation = table[numbers, 0]
        order = np.argsort(violation, kind="stable")
        n_feasible = np.count_nonzero(violation == 0)
        if n_feasible:
            feasible = order[:n_feasible]
            order[:n_feasible] = feasible[rank(table[numbers[feasible], 1:])]
        return numbers[order[: self.population_size]]


def tabulate_outcomes(history: History) -> Array:
    """Return (n, 1 + m) violation and losses of the trials that can be parents.

    Those are complete ones that fit the space and do not confirm another. A violation of -1 marks
    all others.
    """
    losses = np.clip(history.losses, -_FARTHEST, _FARTHEST)
    table = np.column_stack([history.violation, losses])
    complete = (history.state == State.COMPLETE) & ~np.isnan(table).any(axis=1)
    usable = complete & history.fits & ~history.confirming
    table[~usable] = -1
    return table


def _count_equal(a: Array, b: Array) -> int:
    """Return the number of rows of two tables before the first that differs."""
    if a.shape[1] != b.shape[1]:
        return 0
    n = min(len(a), len(b))
    differ = (a[:n] != b[:n]).any(axis=1)
    return int(differ.argmax()) if differ.any() else n
