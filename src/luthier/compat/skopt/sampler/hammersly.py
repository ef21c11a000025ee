"""Points of a Hammersley set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....typing import Array
from .base import InitialPointGenerator
from .halton import Halton


class Hammersly(InitialPointGenerator):
    """Points of a Hammersley set: a Halton sequence, and equal distances in the last dimension.

    Args:
        min_skip: How many points of the sequence are left out at least.
        max_skip: How many at most; the number is drawn.
        primes: The base of each dimension; None for the first primes.

    Source: Hammersley 1960.
    """

    def __init__(
        self, min_skip: int = 0, max_skip: int = 0, primes: Sequence[int] | None = None
    ) -> None:
        self.min_skip = min_skip
        self.max_skip = max_skip
        self.primes = primes

    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""
        halton = Halton(self.min_skip, self.max_skip, self.primes)
        last = (np.arange(n) / n)[:, None]
        if d == 1:
            return halton.cover(1, n, rng)
        return np.hstack([halton.cover(d - 1, n, rng), last])
