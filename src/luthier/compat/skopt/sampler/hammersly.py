"""Points of a Hammersley set."""

from __future__ import annotations

import numpy as np

from ....typing import Array
from .halton import Halton


class Hammersly(Halton):
    """Points of a Hammersley set: a Halton sequence, and equal distances in the last dimension.

    Args:
        min_skip: How many points of the sequence are left out at least.
        max_skip: How many at most; the number is drawn.
        primes: The base of each dimension; None for the first primes.

    Source: Hammersley 1960.
    """

    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""
        if d == 1:
            return super().cover(1, n, rng)
        last = (np.arange(n) / n)[:, None]
        return np.hstack([super().cover(d - 1, n, rng), last])
