"""Timers. Ratios between libraries travel from one machine to another; times do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

import psutil

MS = 1e3  # milliseconds of a second


class Timer:
    """The time that a `with` block takes.

    Attributes:
        wall_s: Seconds by the clock on the wall.
        cpu_s: Seconds of processor time of this process, so that other work on the machine does not
            count.
    """

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.cpu_s = 0.0
        self._wall_begin = 0.0
        self._cpu_begin = 0.0

    @property
    def wall_ms(self) -> float:
        """The wall time in milliseconds."""
        return MS * self.wall_s

    @property
    def cpu_ms(self) -> float:
        """The processor time in milliseconds."""
        return MS * self.cpu_s

    def __enter__(self) -> Timer:
        self._cpu_begin = time.process_time()
        self._wall_begin = time.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.wall_s = time.perf_counter() - self._wall_begin
        self.cpu_s = time.process_time() - self._cpu_begin


def wall_ms(call: Callable[[], object]) -> float:
    """Milliseconds that a call takes by the clock on the wall."""
    with Timer() as timer:
        call()
    return timer.wall_ms


def cpu_ms(call: Callable[[], object]) -> float:
    """Milliseconds of processor time that a call takes in this process."""
    with Timer() as timer:
        call()
    return timer.cpu_ms


def total_cpu_s(pid: int | None) -> float:
    """Processor seconds so far of a process and its children; of this one where pid is None."""
    if pid is None:
        return time.process_time()
    process = psutil.Process(pid)
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))
