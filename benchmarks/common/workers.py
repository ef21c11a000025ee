"""Worker processes that begin their work at the same moment."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Any, NamedTuple

_barrier: Barrier  # of this worker process


class Span(NamedTuple):
    """Begin and end of a worker's work, in seconds since 1970, and its processor seconds."""

    begin_s: float
    end_s: float
    cpu_s: float


def run_together(
    n_workers: int, prepare: Callable[..., Callable[[], object]], *args: Any
) -> list[Span]:
    """Run the same work in several processes, all of which begin when the last one is ready.

    Args:
        n_workers: How many processes.
        prepare: Called in each process with `args`; it imports and connects, and returns the work
            to be timed. It must be a function of a module, as it is sent to new interpreters.
        args: What `prepare` is called with.

    Raises:
        Exception: What the work of a process raised.
    """
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(n_workers)
    with ProcessPoolExecutor(n_workers, spawn, _set_barrier, (barrier,)) as pool:
        futures = [pool.submit(_work, prepare, args) for _ in range(n_workers)]
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None and not isinstance(error, BrokenBarrierError):
            raise error
    return [future.result() for future in futures]


def rate(n: int, spans: Sequence[Span]) -> float:
    """Units of work a second, from the first worker's beginning to the last one's end."""
    begin_s = min(span.begin_s for span in spans)
    end_s = max(span.end_s for span in spans)
    return n / (end_s - begin_s)


def _set_barrier(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _work(prepare: Callable[..., Callable[[], object]], args: tuple[Any, ...]) -> Span:
    try:
        work = prepare(*args)
    except BaseException:
        _barrier.abort()  # otherwise the others wait for ever
        raise
    _barrier.wait()

    begin_s = time.time()
    cpu_begin_s = time.process_time()
    work()
    return Span(begin_s, time.time(), time.process_time() - cpu_begin_s)
