"""Quasi-random search: a scrambled Sobol sequence over any space."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..numerics.sobol import sobol
from ..space.space import Space
from ..typing import Array
from .base import Sampler, unseen


class QMC(Sampler):
    """A Sobol sequence, Owen-scrambled.

    Covers the space more evenly than chance, in every projection.

    The trial begun after i others gets point i, so workers that share a study share the sequence.
    Categories and discrete values own equal cells of their axis; a point that breaks a constraint
    gives way to a random one.

    Args:
        seed: Which scrambling; sequences with different seeds are independent. None takes the
            study's seed.

    Source: Sobol 1967, direction numbers of Joe & Kuo 2008, scrambling of Owen 1995 by hashing
    (Burley 2020). Deviation: no repeats in finite spaces.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        begun = history.n - len(history.waiting)
        X = space.place(sobol(begun, n, space.d, history.seed if self.seed is None else self.seed))
        bad = ~space.feasible(X)
        if bad.any():
            X[bad] = space.sample(rng, int(bad.sum()))
        return unseen(space, history, X, rng)
