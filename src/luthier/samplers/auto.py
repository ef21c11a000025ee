"""The automatic choice."""

from __future__ import annotations

import numpy as np

from ..distributions import Array
from ..history import History
from ..space import Space
from .base import Sampler
from .qmc import QMC
from .tpe import TPE


class Auto(Sampler):
    """TPE, led by declared defaults and quasi-random points; only the latter where there are several objectives."""

    def __init__(self) -> None:
        self._tpe, self._qmc = TPE(), QMC()

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        chosen = self._tpe if len(history.directions) == 1 else self._qmc
        return chosen.sample(space, history, n, rng)
