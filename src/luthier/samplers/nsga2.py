"""NSGA-II."""

from __future__ import annotations

import numpy as np

from ..numerics.pareto import crowding, fronts
from ..typing import Array, Index
from .nsga import NSGA, Ranking


class NSGA2(NSGA):
    """NSGA-II: a genetic algorithm for several objectives, by fronts and crowding distance.

    The population is read off the history: complete trials join it one by one in the order of their
    numbers, and when it is full the worst leaves. A trial that ends late is put where it belongs,
    so workers wait for nobody.

    Feasible trials rank by front, then by crowding distance; behind them stand the infeasible ones,
    by violation. Trials that are not complete never enter. Of two members drawn by lot the better
    is a parent. Parents are crossed as points of the unit cube; choices without an order are
    exchanged at random; what is inactive in one parent is taken from another. A discrete parameter
    that mutates takes another value.

    When to use: for two or three objectives and hundreds of cheap trials.

    Args:
        population_size: Trials that live, at least twice the parents of a child (2, or 3 for "spx"
            and "undx"). Also the length of the quasi-random start, which is led by the centre of
            the space or its declared defaults.
        crossover: "uniform", "sbx", "vsbx", "blx_alpha", "spx" or "undx"; see `variation`.
        crossover_rate: Share of the children that have several parents, 0 to 1.
        mutation: Of numbers: "polynomial", "gaussian" or "resample".
        mutation_rate: Share of the parameters that mutate, 0 to 1; None is one in d.

    Raises:
        ValueError: An argument is out of range.

    Source: Deb 2002. Deviations: one trial a generation; small population, as budgets are of
    hundreds; small distribution indices; a child that some trial has already, or that a constraint
    forbids, gives way to another.
    """

    def ranking(self, m: int) -> Ranking:
        return rank_by_crowding


def rank_by_crowding(losses: Array) -> Index:
    """Return the order (n,) of losses (n, m), the best first: by front, the crowded last.

    Source: Deb 2002, section III (the crowded-comparison operator).
    """
    front = fronts(losses)
    distance = np.empty(len(losses))
    for k in range(front.max() + 1):
        distance[front == k] = crowding(losses[front == k])
    return np.lexsort((-distance, front))
