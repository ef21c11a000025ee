"""Points of Sobol's sequence, by `luthier.numerics.sobol`."""

from __future__ import annotations

import numpy as np

from ....numerics.sobol import sobol
from ....typing import Array
from .base import InitialPointGenerator


def _bit_hi1(n: int) -> int:
    """Return the place of the highest bit that is 1, from 1 on; 0 for 0."""
    return int(n).bit_length()


def _bit_lo0(n: int) -> int:
    """Return the place of the lowest bit that is 0, from 1 on."""
    return int(~n & (n + 1)).bit_length()


class Sobol(InitialPointGenerator):
    """Points of Sobol's sequence, in the order of Gray's code.

    Args:
        skip: How many points are left out.
        randomize: Scramble the sequence.

    Source: Sobol 1967; order of Antonov & Saleev 1979; scrambling of Owen 1995.
    """

    def __init__(self, skip: int = 0, randomize: bool = True) -> None:
        self.skip = skip
        self.randomize = randomize

    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""
        seed = int(rng.randint(2**31 - 1)) if self.randomize else None
        place = np.arange(self.skip, self.skip + n)
        points = sobol(0, 2 ** _bit_hi1(self.skip + n), d, seed)
        return np.asarray(points[place ^ (place >> 1)])

    def _sobol(self, dim_num: int, seed: int) -> tuple[Array, int]:
        """Return one point (dim_num,) of the sequence, and the number of the next."""
        return sobol(seed ^ (seed >> 1), 1, dim_num)[0], seed + 1
