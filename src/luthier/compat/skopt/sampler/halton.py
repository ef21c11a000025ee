"""Points of a Halton sequence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ....typing import Array
from .base import InitialPointGenerator


def _van_der_corput_samples(idx: Iterable[int], number_base: int = 2) -> Array:
    """Return the numbers whose digits are those of idx, mirrored at the point."""
    left = np.array(list(idx), dtype=np.int64)
    values = np.zeros(len(left))
    power = 1
    while (left > 0).any():
        power *= number_base
        values += (left % number_base) / power
        left //= number_base
    return values


def _create_primes(threshold: int) -> list[int]:
    """Return the primes up to a number."""
    return [p for p in range(2, threshold + 1) if all(p % q for q in range(2, int(p**0.5) + 1))]


def first_primes(n: int) -> list[int]:
    """Return the first n primes."""
    bound = 10
    while len(primes := _create_primes(bound)) < n:
        bound *= 2
    return primes[:n]


class Halton(InitialPointGenerator):
    """Points of a Halton sequence.

    Args:
        min_skip: How many points are left out at least.
        max_skip: How many at most; the number is drawn.
        primes: The base of each dimension; None for the first primes.

    Source: Halton 1960.
    """

    def __init__(
        self, min_skip: int = 0, max_skip: int = 0, primes: Sequence[int] | None = None
    ) -> None:
        self.min_skip = min_skip
        self.max_skip = max_skip
        self.primes = primes

    def draw_skip(self, rng: np.random.RandomState) -> int:
        """Return how many points are left out."""
        if self.min_skip == self.max_skip:
            return self.min_skip
        if self.min_skip < 0 or self.max_skip < 0:
            raise ValueError("min_skip and max_skip must be 0 or more")
        return int(rng.randint(self.min_skip, self.max_skip))

    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""
        primes = list(self.primes or first_primes(d))
        if len(primes) < d:
            raise ValueError(f"expected a prime for each of {d} dimensions, got {primes}")
        skip = self.draw_skip(rng)
        idx = range(skip, skip + n)
        return np.array([_van_der_corput_samples(idx, p) for p in primes[:d]]).T
