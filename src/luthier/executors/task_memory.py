"""How much memory a task uses: more than its worker held when it began."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence

import psutil

_SHARE = 0.1  # of the time, at most, is spent on exact looks


class TaskMemory:
    """Memory of the tasks that run in a worker, one after the other.

    What the worker and its children hold when a task begins is not the task's: earlier ones have
    left it. Pages that several processes share count once.

    Args:
        family: Returns the worker and its children, the worker first.
        measure: Returns what they hold, in bytes.

    Attributes:
        before_bytes: What they held when the task began.
    """

    def __init__(
        self,
        family: Callable[[], list[psutil.Process]],
        measure: Callable[[Sequence[psutil.Process]], int] | None = None,
    ) -> None:
        self._family = family
        self._measure = measure or shared_out_bytes
        self._fresh_bytes: int | None = None  # what they held before the first task
        self._next_look = 0.0  # when another exact look is due, by time.monotonic
        self._seen_bytes = 0
        self.before_bytes = 0

    def begin(self) -> None:
        """Note that a task begins."""
        self.before_bytes = self._measure(self._family())
        if self._fresh_bytes is None:
            self._fresh_bytes = self.before_bytes
        self._next_look = 0.0
        self._seen_bytes = 0

    def left_bytes(self) -> int:
        """Return how much is held now, between two tasks, of what earlier ones have left."""
        if self._fresh_bytes is None:
            return 0
        return self._measure(self._family()) - self._fresh_bytes

    def used_bytes(self, limit_bytes: int) -> int:
        """Return what the task uses.

        A look at all pages takes long where they are many. So it is exact only beyond the limit,
        and there no more often than in a tenth of the time.

        Args:
            limit_bytes: What it may use.
        """
        family = self._family()
        at_most = _resident_bytes(family) - self.before_bytes
        if at_most <= limit_bytes:
            return at_most
        began = time.monotonic()
        if began >= self._next_look:
            self._seen_bytes = self._measure(family) - self.before_bytes
            ended = time.monotonic()
            self._next_look = ended + (ended - began) / _SHARE
        return self._seen_bytes


def shared_out_bytes(processes: Iterable[psutil.Process]) -> int:
    """Return the resident memory of processes; a page that n share counts 1/n in each."""
    total = 0
    for process in processes:
        try:
            info = process.memory_full_info()
            total += getattr(info, "pss", info.uss)  # only Linux has shares
        except psutil.AccessDenied:
            total += _resident_bytes([process])
        except psutil.Error:  # it has ended
            continue
    return total


def private_bytes(processes: Sequence[psutil.Process]) -> int:
    """Return the memory of a worker and its children without what others look at too.

    Args:
        processes: The worker first.
    """
    total = 0
    for i, process in enumerate(processes):
        with contextlib.suppress(psutil.Error):
            if i == 0:  # its children may still share its pages
                info = process.memory_info()
                total += info.rss - getattr(info, "shared", 0)
            else:
                total += process.memory_full_info().uss
    return total


def _resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Return the resident memory of processes; pages that they share count in each."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total
