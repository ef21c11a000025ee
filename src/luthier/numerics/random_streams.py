"""Independent streams of random numbers, addressed by number rather than drawn in turn."""

from __future__ import annotations

import numpy as np


class Streams:
    """Streams of one seed: stream (number, purpose) is the same whenever and wherever it is asked for.

    Philox is a function of a key and a counter (Salmon 2011), so a stream is begun by setting the
    counter, which is ten times cheaper than seeding a generator.

    Args:
        seed: The key, 0 to 2**64 - 1.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.Philox(key=seed)
        self._state = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, number: int, purpose: int = 0) -> np.random.Generator:
        """The stream's generator, at its beginning; valid until the next call."""
        self._state["state"]["counter"][:] = (0, 0, number, purpose)
        self._bits.state = self._state
        return self._generator
