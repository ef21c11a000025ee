"""Where fits run: in processes that are ended at a limit, or in this one."""

from __future__ import annotations

import concurrent.futures as cf
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..errors import TrialTimeoutError
from ..executors import Processes
from .fits import warm_up

_LOOK_S = 0.05  # how often it is looked whether a fit has begun


class Done(NamedTuple):
    """A fit that has ended.

    Attributes:
        key: What was asked for.
        result: What came of it; None where it failed.
        error: Why it failed; None where it did not.
    """

    key: Any
    result: Any
    error: BaseException | None


class Fitters(Protocol):
    """What runs fits.

    Attributes:
        n_workers: How many at a time.
    """

    n_workers: int

    @property
    def n_running(self) -> int:
        """How many fits run."""

    def share(self, value: Any) -> Any:
        """Return a stand-in for an argument of many fits, which travels once."""

    def submit(self, key: Any, limit_s: float, fn: Callable[..., Any], *args: Any) -> None:
        """Begin a fit; it is ended after `limit_s` seconds in its worker."""

    def wait(self, timeout_s: float) -> list[Done]:
        """Wait until a fit has ended, or the time is over; return those that have ended."""

    def drop(self) -> None:
        """End all fits; others may begin."""

    def end(self) -> None:
        """End all fits, and the processes."""


class FitHere:
    """Runs fits in this process, one after the other; none can be ended."""

    def __init__(self) -> None:
        self.n_workers = 1
        self._done: list[Done] = []

    @property
    def n_running(self) -> int:
        return len(self._done)

    def share(self, value: Any) -> Any:
        return value

    def submit(self, key: Any, limit_s: float, fn: Callable[..., Any], *args: Any) -> None:
        try:
            self._done.append(Done(key, fn(*args), None))
        except Exception as e:
            self._done.append(Done(key, None, e))

    def wait(self, timeout_s: float) -> list[Done]:
        done, self._done = self._done, []
        return done

    def drop(self) -> None:
        self._done.clear()

    def end(self) -> None:
        """There is nothing to end."""


class _Running:
    """A fit in a worker; its time counts from when the worker has come up.

    Args:
        key: What was asked for.
        worker: Number of the worker.
        limit_s: Seconds that it may take.
    """

    def __init__(self, key: Any, worker: int, limit_s: float) -> None:
        self.key = key
        self.worker = worker
        self.limit_s = limit_s
        self.deadline = math.inf


class FitInProcesses:
    """Runs fits in processes of their own, each of which is ended where it takes too much.

    Args:
        n_workers: How many at a time.
        memory_mb: The most memory that one may use, beside the libraries; None for no limit.
    """

    def __init__(self, n_workers: int, memory_mb: float | None) -> None:
        self.n_workers = n_workers
        self._limits = None if memory_mb is None else {"memory_mb": memory_mb}
        self._workers = [self._start() for _ in range(n_workers)]
        self._running: dict[cf.Future[Any], _Running] = {}

    def _start(self) -> Processes:
        worker = Processes(1, limits=self._limits)
        worker.submit(warm_up)
        return worker

    @property
    def n_running(self) -> int:
        return len(self._running)

    def share(self, value: Any) -> Any:
        return self._workers[0].put(value)

    def submit(self, key: Any, limit_s: float, fn: Callable[..., Any], *args: Any) -> None:
        busy = {running.worker for running in self._running.values()}
        worker = next(i for i in range(self.n_workers) if i not in busy)
        future = self._workers[worker].submit(fn, *args)
        self._running[future] = _Running(key, worker, limit_s)

    def wait(self, timeout_s: float) -> list[Done]:
        pause = max(0.0, min(timeout_s, self._note_begun() - time.monotonic()))
        cf.wait(
            self._running,
            timeout=None if math.isinf(pause) else pause,
            return_when=cf.FIRST_COMPLETED,
        )
        now = time.monotonic()
        ended = []
        for future, running in list(self._running.items()):
            if future.done():
                error = future.exception()
                result = None if error is not None else future.result()
                ended.append(Done(running.key, result, error))
            elif now >= running.deadline:
                self._replace(running.worker)
                late = TrialTimeoutError(f"ran longer than {running.limit_s:.1f} s and was ended")
                ended.append(Done(running.key, None, late))
            else:
                continue
            del self._running[future]
        return ended

    def _note_begun(self) -> float:
        """Set the deadlines of fits that have begun; return when to look again."""
        now = time.monotonic()
        look_again = math.inf
        for future, running in self._running.items():
            if math.isinf(running.deadline) and future.running():
                running.deadline = now + running.limit_s
            waits = math.isinf(running.deadline) and not math.isinf(running.limit_s)
            look_again = min(look_again, now + _LOOK_S if waits else running.deadline)
        return look_again

    def _replace(self, worker: int) -> None:
        self._workers[worker].shutdown(wait=False, cancel_futures=True)
        self._workers[worker] = self._start()

    def drop(self) -> None:
        for running in self._running.values():
            self._replace(running.worker)
        self._running.clear()

    def end(self) -> None:
        self._running.clear()
        for worker in self._workers:
            worker.shutdown(wait=False, cancel_futures=True)
