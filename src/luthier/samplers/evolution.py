"""Regularised evolution."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..trial.record import State
from ..typing import Array
from ..validation import check_real, check_whole
from .base import Sampler
from .ranking import rank_trials
from .startup import sample_startup, vary_until_new

_ATTEMPTS = 20  # normal steps before a number is drawn anew


class Evolution(Sampler):
    """Regularised evolution: changes one parameter of the best of a few members, the oldest die.

    The population is the newest finished trials, read off the history, so workers need not wait for
    one another. Death by age rather than by rank keeps a lucky result of a noisy objective from
    staying for ever. With several objectives or constraints, members rank as in
    `ranking.rank_trials`. Parameters that a change switches on are drawn afresh.

    When to use: for architectures and other large discrete spaces with trees of conditions, at a
    few hundred trials.

    Args:
        population_size: Finished trials that live, at least 1. None: a tenth of the trials there
            are to be, and at least 10; 30 where that is not known.
        tournament_size: Number of them that compete to be the parent, 1 to a million. None: a
            quarter of the population, and at least 3.
        n_startup_trials: Quasi-random trials before the first mutation, at least 1, led by the
            centre of the space or its declared defaults.
        sigma: Standard deviation of the step of a number, on the unit interval, above 0 and at
            most 1.

    Raises:
        ValueError: An argument is out of range.

    Source: Real 2019, algorithm 1. Deviations: numbers take a normal step; smaller population, and
    mutation begins before it is full; in finite spaces more parameters change when the neighbours
    of a parent are used up.
    """

    def __init__(
        self,
        population_size: int | None = 30,
        tournament_size: int | None = 15,
        n_startup_trials: int = 10,
        sigma: float = 0.15,
    ) -> None:
        if population_size is not None:
            check_whole("population_size", population_size, least=1)
        if tournament_size is not None:
            check_whole("tournament_size", tournament_size, least=1, most=1_000_000)
        check_whole("n_startup_trials", n_startup_trials, least=1)
        check_real("sigma", sigma, least=0, most=1, above=True)
        self.population_size = population_size
        self.tournament_size = tournament_size
        self.n_startup_trials = n_startup_trials
        self.sigma = sigma

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        finished = np.flatnonzero(
            history.fits & history.has_result & (history.state != State.FAILED)
        )
        varying = np.array([p.n_values != 1 for p in space.dists])
        if len(finished) < self.n_startup_trials or not varying.any():
            return sample_startup(space, history, n, rng)
        population_size = self.population_size or _default_population(history.budget)
        tournament_size = self.tournament_size or max(3, population_size // 4)
        best_first, _ = rank_trials(history, among=finished[-population_size:])

        def vary(i: int, attempt: int) -> Array:
            competitors = rng.integers(len(best_first), size=tournament_size)
            x = history.X[best_first[competitors.min()]]
            active = np.flatnonzero(~np.isnan(x) & varying)
            u: Array = space.to_cube(x[None], rng)[0]
            if not len(active):
                return u
            n_changed = min(1 + attempt // 10, len(active))
            for j in rng.choice(active, n_changed, replace=False):
                u[j] = self._mutate(space, int(j), float(u[j]), rng)
            return u

        return vary_until_new(space, history, n, rng, vary)

    def _mutate(self, space: Space, j: int, u: float, rng: np.random.Generator) -> float:
        """Return a coordinate that stands for another value of parameter j than u does."""
        p = space.dists[j]
        k = p.n_values
        if k is not None and j in space.unordered:
            return (int(u * k) + int(rng.integers(1, k))) % k / k + 0.5 / k
        step = max(self.sigma, 0.0 if k is None else 0.5 / k)
        for _ in range(_ATTEMPTS):
            new = u + step * rng.standard_normal()
            if 0 <= new <= 1 and (k is None or p.from_unit(new) != p.from_unit(u)):
                return new
        return float(rng.random())


def _default_population(budget: int | None) -> int:
    """Return how many trials live where so many are to be made, None where that is not known."""
    return 30 if budget is None else max(10, budget // 10)
