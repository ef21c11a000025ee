"""Random search: independent uniform draws."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..typing import Array
from .base import Sampler, unseen


class Random(Sampler):
    """Uniform draws from the space; in a finite space no point twice while there are others.

    Source: Bergstra & Bengio 2012. Deviation: no repeats in finite spaces.
    """

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        return unseen(space, history, space.sample(rng, n), rng)
