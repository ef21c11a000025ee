"""Latency of a call, such as a prediction."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ..validation import check_whole, to_number

N_LEAST = (
    6  # the fewest calls among which the smallest and the largest enclose the median with 95 %
)
LEVEL = 0.95


class Latency(msgspec.Struct, frozen=True):
    """Times of a call; `float(latency)` is the median in milliseconds.

    Attributes:
        times_ms: Of every timed call, in their order; outliers stay in.
        threads: How many threads numerical libraries were given; None for as many as they liked.
    """

    times_ms: tuple[float, ...]
    threads: int | None = None

    @property
    def n(self) -> int:
        """Number of calls that were timed."""
        return len(self.times_ms)

    @property
    def median_ms(self) -> float:
        """The median, in milliseconds."""
        return self.quantile_ms(0.5)

    @property
    def low_ms(self) -> float:
        """Lower end of the 95 % interval of the median.

        With fewer than 6 calls the smallest, which covers less.
        """
        return sorted(self.times_ms)[max(rank(self.n), 1) - 1]

    @property
    def high_ms(self) -> float:
        """Upper end of the 95 % interval of the median.

        With fewer than 6 calls the largest, which covers less.
        """
        return sorted(self.times_ms)[-max(rank(self.n), 1)]

    def quantile_ms(self, p: float) -> float:
        """A quantile of the calls' times in milliseconds.

        0.25 and 0.75 for the quartiles, 0.95 for the slow ones.
        """
        return float(np.quantile(self.times_ms, p))

    def __float__(self) -> float:
        return self.median_ms

    def __str__(self) -> str:
        return f"{self.median_ms:.4g} ms ({self.low_ms:.4g} to {self.high_ms:.4g}, {self.n} calls)"


def latency(
    call: Callable[[], Any],
    *,
    warmup: int = 3,
    repeats: int = 30,
    time_s: float = 5.0,
    threads: int | None = 1,
    synchronize: Callable[[], Any] | None = None,
) -> Latency:
    """Time a call without arguments again and again, such as `lambda: model.predict(X[:1])`.

    Meanwhile the garbage collector is paused. Both it and the numbers of threads are as before
    afterwards, whatever the call does. Reading the clock is included, some 0.1 microseconds. Trials
    that run beside each other slow each other down: give each a core of its own (`n_jobs=2,
    resources={"cpu": 1}`), or measure one at a time.

    Args:
        call: What to time; what it returns is dropped.
        warmup: How many calls are made before, which are not timed. With 0, libraries that the
            first timed call loads are not limited to `threads`.
        repeats: How many calls are timed at most.
        time_s: After how many seconds of timed calls no further one is made, once there are 6 (or
            `repeats`, if that is less).
        threads: How many threads BLAS, OpenMP and PyTorch may use; None leaves that alone.
        synchronize: Waits until an accelerator has done what it was given, such as
            `torch.mps.synchronize`; it is part of what is timed. Where PyTorch uses CUDA,
            `torch.cuda.synchronize` is called without being asked.

    Raises:
        TypeError: `call` or `synchronize` cannot be called.
        ValueError: A setting that makes no sense.
    """
    for name, given in (("call", call), ("synchronize", synchronize)):
        if not callable(given) and (given is not None or name == "call"):
            raise TypeError(
                f"{name} must be a function without arguments, got {given!r:.100}; wrap it in a "
                "lambda"
            )
    check_whole("warmup", warmup, 0)
    check_whole("repeats", repeats, 1)
    if threads is not None:
        check_whole("threads", threads, 1)
    bound = to_number(time_s)
    if bound is None or not bound > 0:
        raise ValueError(f"time_s must be a number > 0, got {time_s!r}")
    with limit_threads(threads):
        for _ in range(warmup):
            call()
        with limit_threads(threads):  # libraries too that the calls have loaded
            times = _time_calls(call, synchronize or _cuda(), repeats, float(bound) * 1e9)
    return Latency(tuple(ns / 1e6 for ns in times), threads)


def _time_calls(
    call: Callable[[], Any], wait: Callable[[], Any] | None, repeats: int, limit_ns: float
) -> list[int]:
    times: list[int] = []
    spent, least = 0, min(repeats, N_LEAST)
    collecting = gc.isenabled()
    gc.disable()
    try:
        if wait is not None:
            wait()
        while len(times) < least or (len(times) < repeats and spent < limit_ns):
            began = time.perf_counter_ns()
            call()
            if wait is not None:
                wait()
            times.append(time.perf_counter_ns() - began)
            spent += times[-1]
    finally:
        if collecting:
            gc.enable()
    return times


@contextmanager
def limit_threads(threads: int | None) -> Iterator[None]:
    """Limit the threads of BLAS, OpenMP and a loaded PyTorch meanwhile; None leaves them alone."""
    if threads is None:
        yield
        return
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    try:
        with threadpool_limits(threads):
            if torch is not None:
                torch.set_num_threads(threads)
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(before)


def _cuda() -> Callable[[], Any] | None:
    """A function that waits for CUDA, where PyTorch has begun to use it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    wait: Callable[[], Any] = torch.cuda.synchronize
    return wait


def rank(n: int, level: float = LEVEL) -> int:
    """Rank r of an interval for the median: from the r-th smallest to the r-th largest of n draws.

    It is the largest r whose interval holds the median with that level.

    It holds for any continuous distribution. 0 where n is too small for any.

    Source: David & Nagaraja 2003, Order Statistics, section 7.1.
    """
    k = np.arange(n // 2)
    log_pmf = np.cumsum(
        np.append(-n * np.log(2), np.log((n - k) / (k + 1)))
    )  # of a binomial with p = 1/2, at 0 .. n/2
    return int((2 * np.exp(log_pmf).cumsum() <= 1 - level).sum())
