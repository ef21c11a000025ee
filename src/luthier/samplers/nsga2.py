"""NSGA-II."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..numerics.pareto import crowding, fronts
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index
from .base import Sampler
from .startup import require_several_objectives, sample_startup, vary_until_new
from .variation import CROSSOVERS, MUTATIONS, Breeding, CrossoverName, MutationName

_FARTHEST = 1e300  # losses beyond it count as it: differences do not overflow


class NSGA2(Sampler):
    """Crosses and mutates the trials that few others beat and that stand alone on their front.

    The population is read off the history: complete trials join it one by one in the order of their
    numbers, and when it is full the worst leaves. A trial that ends late is put where it belongs,
    so workers wait for nobody.

    Feasible trials rank by front, then by crowding distance; behind them stand the infeasible ones,
    by violation. Trials that are not complete never enter. Of two members drawn by lot the better
    is a parent. Parents are crossed as points of the unit cube; choices without an order are
    exchanged at random; what is inactive in one parent is taken from another. A discrete parameter
    that mutates takes another value.

    Args:
        population_size: Trials that live, and length of the quasi-random start, which is led by the
            centre of the space or its declared defaults.
        crossover: "uniform", "sbx", "vsbx", "blx_alpha", "spx" or "undx"; see `variation`.
        crossover_rate: Share of the children that have several parents.
        mutation: Of numbers: "polynomial", "gaussian" or "resample".
        mutation_rate: Share of the parameters that mutate; None is one in d.

    Raises:
        ValueError: An argument out of range.

    Source: Deb 2002. Deviations: one trial a generation; small population, as budgets are of
    hundreds; small distribution indices; a child that some trial has already, or that a constraint
    forbids, gives way to another.
    """

    def __init__(
        self,
        population_size: int = 20,
        crossover: CrossoverName = "sbx",
        crossover_rate: float = 0.9,
        mutation: MutationName = "polynomial",
        mutation_rate: float | None = None,
    ) -> None:
        if crossover not in CROSSOVERS:
            raise ValueError(
                f"crossover must be one of {', '.join(map(repr, CROSSOVERS))}, got {crossover!r}"
            )
        if mutation not in MUTATIONS:
            raise ValueError(
                f"mutation must be one of {', '.join(map(repr, MUTATIONS))}, got {mutation!r}"
            )
        least = 2 * CROSSOVERS[crossover].n_parents
        if population_size < least:
            raise ValueError(
                f"population_size must be at least {least} with {crossover!r}, got "
                f"{population_size!r}"
            )
        for name, rate in (("crossover_rate", crossover_rate), ("mutation_rate", mutation_rate)):
            if rate is not None and not 0 <= rate <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {rate!r}")
        self.population_size = population_size
        self.crossover = crossover
        self.crossover_rate = crossover_rate
        self.mutation = mutation
        self.mutation_rate = mutation_rate
        self._past: tuple[Array, list[Index]] = (np.empty((0, 0)), [])

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        require_several_objectives(type(self).__name__, history)
        table = outcomes(history)
        if np.count_nonzero(table[:, 0] >= 0) < self.population_size or all(
            p.n_values == 1 for p in space.dists
        ):
            return sample_startup(space, history, n, rng)
        alive = self.population(table)
        breeding = Breeding(
            space, self.crossover, self.crossover_rate, self.mutation, self.mutation_rate
        )

        def vary(i: int, attempt: int) -> Array:
            drawn = rng.permutation(len(alive))[: 2 * breeding.n_parents].reshape(2, -1)
            return breeding.child(history.X[alive[drawn.min(axis=0)]], attempt, rng)

        return vary_until_new(space, history, n, rng, vary)

    def population(self, table: Array) -> Index:
        """Numbers of the trials that live, the best first, from what trials came to.

        See `outcomes`.
        """
        before, after = self._past
        after = after[: _agree(before, table)]  # a list of its own: threads may share a sampler
        alive = after[-1] if after else np.empty(0, dtype=np.int64)
        for i in range(len(after), len(table)):
            if table[i, 0] >= 0:
                alive = self._survivors(table, np.append(alive, i))
            after.append(alive)
        self._past = (table, after)
        return alive

    def _survivors(self, table: Array, numbers: Index) -> Index:
        """As many of these trials as the population has places, the best first."""
        violation = table[numbers, 0]
        order = np.argsort(violation, kind="stable")
        n_feasible = np.count_nonzero(violation == 0)
        if n_feasible:
            order[:n_feasible] = order[self.ranked(table[numbers[order[:n_feasible]], 1:])]
        return numbers[order[: self.population_size]]

    def ranked(self, losses: Array) -> Index:
        """(n,) places of feasible trials by their losses (n, m), the best first."""
        rank = fronts(losses)
        lonely = np.empty(len(losses))
        for r in range(rank.max() + 1):
            lonely[rank == r] = crowding(losses[rank == r])
        return np.lexsort((-lonely, rank))


def outcomes(history: History) -> Array:
    """(n, 1 + m) violation and losses of the trials that can be parents.

    A violation of -1 marks all others.
    """
    table = np.column_stack([history.violation, np.clip(history.losses, -_FARTHEST, _FARTHEST)])
    usable = (
        (history.state == State.COMPLETE)
        & history.fits
        & ~history.confirming
        & ~np.isnan(table).any(axis=1)
    )
    table[~usable] = -1
    return table


def _agree(a: Array, b: Array) -> int:
    """How many rows of two tables agree before the first that does not."""
    if a.shape[1] != b.shape[1]:
        return 0
    n = min(len(a), len(b))
    differ = (a[:n] != b[:n]).any(axis=1)
    return int(differ.argmax()) if differ.any() else n
