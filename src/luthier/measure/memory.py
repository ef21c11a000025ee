"""Peak memory of a piece of code."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..validation import check_real

MB = 2**20
_SHARE = 0.1  # of the time, at most, is spent looking


class PeakMemory:
    """Peak memory so far, and in the end.

    Attributes:
        mb: By how many MB (2**20 bytes) resident memory rose, at its highest, above what it was at
            the beginning.
    """

    def __init__(self, start: int) -> None:
        self._start = start
        self.mb = 0.0

    def raise_to(self, to: int) -> None:
        self.mb = max(self.mb, (to - self._start) / MB)

    def __repr__(self) -> str:
        return f"PeakMemory({self.mb:.1f} MB)"


@contextmanager
def peak_memory(interval_s: float = 0.02) -> Iterator[PeakMemory]:
    """Measure how much memory a block needs.

    `with measure.peak_memory() as m:`, and afterwards `m.mb`: resident memory of this process and
    of all processes that it starts, above what they had at the beginning of the block; pages that a
    forked child shares with its parent count once. Memory that the process had before and uses
    again does not count, and neither does that of a GPU.

    It is looked at every `interval_s` seconds, or less often where looking would take more than a
    tenth of the time. A peak between two looks is missed, unless it is the highest that this
    process ever had: that the system keeps (not on Windows).

    Args:
        interval_s: Seconds between two looks.

    Raises:
        ValueError: It is not a finite number > 0.
    """
    check_real("interval_s", interval_s, 0, above=True)
    over, before = threading.Event(), high_water()
    seen = PeakMemory(resident_bytes())

    def watch() -> None:
        took_s = 0.0
        while not over.wait(min(max(float(interval_s), took_s / _SHARE), threading.TIMEOUT_MAX)):
            began = time.perf_counter()
            seen.raise_to(resident_bytes())
            took_s = time.perf_counter() - began

    watcher = threading.Thread(target=watch, name="luthier-memory", daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
        seen.raise_to(resident_bytes())
        if (highest := high_water()) > before:  # it was reached in the block
            seen.raise_to(highest)


def resident_bytes() -> int:
    """Resident bytes of this process, and of its descendants those that are theirs alone."""
    import psutil

    me = psutil.Process()
    total = int(me.memory_info().rss)
    for child in me.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += _own(child)
    return total


def _own(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_full_info().uss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)


def high_water() -> int:
    """The most bytes that were ever resident in this process; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
