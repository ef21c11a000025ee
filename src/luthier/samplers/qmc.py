"""Quasi-random search: a scrambled Sobol sequence over any space."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..numerics.sobol import sobol
from ..space.space import Space
from ..typing import Array
from ..validation import check_whole
from .base import Sampler, replace_seen


class QMC(Sampler):
    """Quasi-random search: an Owen-scrambled Sobol sequence.

    It covers the space more evenly than random points do, in every projection. Trial i of a study,
    counted from the first that was started, gets point i, so workers that share a study share the
    sequence. Categories and discrete values own equal cells of their axis; a point that violates a
    constraint of the space is replaced by a random one.

    When to use: where nothing can be learned from earlier trials, because nearly all run at once,
    and for an even picture of the whole space.

    Args:
        seed: Selects the scrambling; sequences of different seeds are independent. None takes the
            study's seed.

    Source: Sobol 1967; direction numbers of Joe & Kuo 2008; scrambling of Owen 1995 by hashing
    (Burley 2020). Deviation: no repeats in finite spaces.
    """

    learns = False

    def __init__(self, seed: int | None = None) -> None:
        if seed is not None:
            check_whole("seed", seed, least=0)
        self.seed = seed

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        if history.info.memory:
            from .memory_start import lead_by_memory  # its models take long to load

            def sample_evenly(k: int) -> Array:
                return self.sample_sequence(space, history, k, rng)

            return lead_by_memory(space, history, n, rng, sample_evenly)
        return self.sample_sequence(space, history, n, rng)

    def sample_sequence(
        self, space: Space, history: History, n: int, rng: np.random.Generator
    ) -> Array:
        """Return the next n points (n, d) of the sequence, whatever earlier tasks say."""
        X = self._sequence(space, history, history.n, n, rng)
        return replace_seen(space, history, X, rng)

    def sample_ahead(
        self, space: Space, history: History, number: int, rng: np.random.Generator
    ) -> Array | None:
        depends = space.finite or history.info.memory or history.waiting
        return None if depends else self._sequence(space, history, number, 1, rng)

    def _sequence(
        self, space: Space, history: History, number: int, n: int, rng: np.random.Generator
    ) -> Array:
        """Return the points (n, d) of the trials from a number on, whoever else has them."""
        n_started = number - len(history.waiting)
        seed = history.seed if self.seed is None else self.seed
        X = space.place(sobol(n_started, n, space.d, seed))
        infeasible = ~space.feasible(X)
        if infeasible.any():
            X[infeasible] = space.sample(rng, int(infeasible.sum()))
        return X
