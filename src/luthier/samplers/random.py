"""Random search: independent uniform draws."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..typing import Array
from .base import Sampler, replace_seen


class Random(Sampler):
    """Random search: independent uniform draws from the space.

    In a finite space no point comes twice while there are others.

    When to use: as a baseline. `QMC` covers the space more evenly at the same cost.

    Source: Bergstra & Bengio 2012. Deviation: no repeats in finite spaces.
    """

    learns = False

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        if not history.info.memory:
            return replace_seen(space, history, space.sample(rng, n), rng)

        from .memory_start import lead_by_memory  # its models take long to load

        def sample_evenly(k: int) -> Array:
            return replace_seen(space, history, space.sample(rng, k), rng)

        return lead_by_memory(space, history, n, rng, sample_evenly)

    def sample_ahead(
        self, space: Space, history: History, number: int, rng: np.random.Generator
    ) -> Array | None:
        depends = space.finite or history.info.memory
        return None if depends else space.sample(rng, 1)
