"""Regularised evolution."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..trial.record import State
from ..typing import Array
from .base import Sampler
from .ranking import rank_trials
from .startup import sample_startup, to_cube, vary_until_new


class Evolution(Sampler):
    """Changes one parameter of the best of a few random members of the population.

    The oldest members die.

    The population is the newest finished trials, read off the history, so workers need not wait for
    one another. Death by age rather than by rank keeps a lucky result of a noisy objective from
    staying for ever. With several objectives or constraints, `ranking.ranked` says who of those
    alive is best. For architectures and other large discrete spaces with trees of conditions:
    parameters that a change switches on are drawn afresh.

    Args:
        population_size: Finished trials that live.
        tournament_size: How many of them compete to be the parent.
        n_startup_trials: Quasi-random trials before the first mutation, led by the centre of the
            space or its declared defaults.
        sigma: Standard deviation of the step of a number, on the unit interval.

    Raises:
        ValueError: An argument out of range.

    Source: Real 2019, algorithm 1. Deviations: numbers take a normal step; smaller population, and
    mutation begins before it is full; in finite spaces more parameters change when the neighbours
    of a parent are used up.
    """

    def __init__(
        self,
        population_size: int = 30,
        tournament_size: int = 15,
        n_startup_trials: int = 10,
        sigma: float = 0.15,
    ) -> None:
        self.population_size = population_size
        self.tournament_size = tournament_size
        self.n_startup_trials = n_startup_trials
        self.sigma = sigma
        for name in ("population_size", "tournament_size", "n_startup_trials"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)!r}")
        if not 0 < sigma <= 1:
            raise ValueError(f"sigma must be above 0 and at most 1, got {sigma!r}")

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        finished = np.flatnonzero(
            history.fits & history.has_result & (history.state != State.FAILED)
        )
        free = np.array([p.n_values != 1 for p in space.dists])
        if len(finished) < self.n_startup_trials or not free.any():
            return sample_startup(space, history, n, rng)
        alive, _ = rank_trials(history, among=finished[-self.population_size :])  # the best first

        def vary(i: int, attempt: int) -> Array:
            parent = alive[rng.integers(len(alive), size=self.tournament_size).min()]
            x = history.X[parent]
            active = np.flatnonzero(~np.isnan(x) & free)
            u: Array = to_cube(space, x[None], rng)[0]
            if not len(active):
                return u
            for j in rng.choice(active, min(1 + attempt // 10, len(active)), replace=False):
                u[j] = self._changed(space, int(j), float(u[j]), rng)
            return u

        return vary_until_new(space, history, n, rng, vary)

    def _changed(self, space: Space, j: int, u: float, rng: np.random.Generator) -> float:
        """Another value of one parameter, on the unit interval."""
        p = space.dists[j]
        k = p.n_values
        if k is not None and j in space.unordered:
            return (int(u * k) + int(rng.integers(1, k))) % k / k + 0.5 / k
        step = max(self.sigma, 0.0 if k is None else 0.5 / k)
        for _ in range(20):
            new = u + step * rng.standard_normal()
            if 0 <= new <= 1 and (k is None or p.from_unit(new) != p.from_unit(u)):
                return new
        return float(rng.random())
