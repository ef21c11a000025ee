"""Packs: how many rows of a batch are trained in one step of a device, found by trying."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from ..validation import show

Pack = int | Literal["auto"] | None
"""How many rows are trained together: so many, as many as pay, or all."""

_FIRST = 16  # rows of the first pack
_GAIN = 1.1  # by which twice the rows must raise the throughput, or the packs grow no more
_N_TIMED = 3  # calls after which a size counts as measured; the fastest one counts
_TEXTS = ("out of memory", "can't allocate memory", "not enough memory", "resource_exhausted")


def choose_pack(rates: Mapping[int, float | None], most: int) -> int:
    """Return how many rows are trained together next.

    Packs double as long as that raises the throughput by a tenth at least, and memory is there.
    Then the size with the largest throughput stays. After memory ran out, half of the size is the
    next that is tried.

    Args:
        rates: Rows a second by the size of packs; None where memory ran out.
        most: How many rows there are.

    Returns:
        From 1 to `most`; a size that is not among the rates is to be measured.
    """
    too_large = min((size for size, rate in rates.items() if rate is None), default=math.inf)
    fits = {size: rate for size, rate in rates.items() if rate is not None and size < too_large}
    if not fits:
        first = min(_FIRST, most)
        return first if first < too_large else max(int(too_large) // 2, 1)

    largest = max(fits)
    before = max((size for size in fits if size < largest), default=None)
    still_gains = before is None or fits[largest] >= _GAIN * fits[before]
    larger = min(2 * largest, most)
    if still_gains and largest < larger < too_large:
        return larger
    return max(fits, key=lambda size: (fits[size], -size))


class Packs:
    """The rows of a batch, trained a pack at a time.

    Args:
        pack: How many rows are trained together; "auto" finds how many fit and pay, as
            `choose_pack` says, and halves packs that run out of memory; None trains all together.

    Attributes:
        rates: Rows a second by the size of packs that was measured; None where memory ran out.

    Raises:
        ValueError: `pack` is something else.
    """

    def __init__(self, pack: Pack) -> None:
        is_number = isinstance(pack, int) and not isinstance(pack, bool) and pack >= 1
        if not (is_number or pack is None or pack == "auto"):
            raise ValueError(f"pack must be a whole number >= 1, 'auto' or None, got {show(pack)}")
        self.pack = pack
        self.rates: dict[int, float | None] = {}
        self._best_s: dict[int, float] = {}  # of a call with so many rows
        self._n_calls: dict[int, int] = {}

    def size(self, n: int) -> int:
        """Return how many of n rows are trained together now."""
        if isinstance(self.pack, int):
            return min(self.pack, n)
        return choose_pack(self.rates, n) if self.pack == "auto" else n

    def run(self, n: int, call: Callable[[int, int], Any]) -> list[Any]:
        """Call a function for n rows, a pack at a time.

        Args:
            n: Number of rows.
            call: Takes the first row and the one behind the last; changes nothing unless it
                returns, as it is called again with fewer rows where it runs out of memory.

        Returns:
            What the calls returned, in the order of the rows.

        Raises:
            Exception: What the call raises; that memory ran out, where one row does not fit, or
                the size is fixed.
        """
        returned = []
        begin = 0
        while begin < n:
            size = min(self.size(n), n - begin)
            begun_s = time.perf_counter()
            try:
                answer = call(begin, begin + size)
            except Exception as e:
                if self.pack != "auto" or size == 1 or not is_out_of_memory(e):
                    raise
                self._note_too_large(size)
                continue
            self._note(size, time.perf_counter() - begun_s)
            returned.append(answer)
            begin += size
        return returned

    def _note(self, size: int, taken_s: float) -> None:
        n_calls = self._n_calls[size] = self._n_calls.get(size, 0) + 1
        self._best_s[size] = min(self._best_s.get(size, taken_s), taken_s)
        if n_calls == _N_TIMED and size not in self.rates:
            self.rates[size] = size / max(self._best_s[size], 1e-9)

    def _note_too_large(self, size: int) -> None:
        self.rates = {known: rate for known, rate in self.rates.items() if known < size}
        self.rates[size] = None


def is_out_of_memory(e: BaseException) -> bool:
    """Whether an exception of Python, NumPy, PyTorch or JAX says that there is no memory left."""
    if isinstance(e, MemoryError) or type(e).__name__ == "OutOfMemoryError":
        return True
    return isinstance(e, RuntimeError) and any(text in str(e).lower() for text in _TEXTS)
