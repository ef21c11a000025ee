"""Independent streams of random numbers, addressed by number rather than drawn in turn."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np


class Streams:
    """Streams of one seed, in which stream (number, purpose) is always and everywhere the same.

    Philox is a function of a key and a counter (Salmon 2011), so a stream is begun by setting the
    counter, which is ten times cheaper than seeding a generator.

    Args:
        seed: The key, 0 to 2**64 - 1.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def _generator(self) -> np.random.Generator:
        """The generator, made on first use: numpy.random is slow to load and may not be needed."""
        return np.random.Generator(np.random.Philox(key=self._seed))

    @cached_property
    def _state(self) -> dict[str, Any]:
        return dict(self._generator.bit_generator.state)

    def at(self, number: int, purpose: int = 0) -> np.random.Generator:
        """The stream's generator, at its beginning; valid until the next call."""
        self._state["state"]["counter"][:] = (0, 0, number, purpose)
        self._generator.bit_generator.state = self._state
        return self._generator
