"""Queue of the work that waits for a thread: bounded, and bounded for each study."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from weakref import WeakValueDictionary

from .request import RequestError

_THREADS_OF_A_STUDY = 2  # one works while the other decodes a request or encodes a response
_RETRY_S = 1.0

T = TypeVar("T")


class WorkQueue:
    """Threads that do the work of requests; a slow study does not delay the others.

    Args:
        threads: How many there are.
        max_requests: How much work may run or wait, whether a client still waits for it or not.
    """

    def __init__(self, threads: int, max_requests: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="luthier-service")
        self._max_requests = max_requests
        self._n_requests = 0
        # A study's semaphore lives as long as some request uses it.
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, study: str | None, work: Callable[[], T]) -> T:
        """Return the result of some work; work that is cancelled before it begins is not done.

        Args:
            study: The study whose other work is waited for; None for no study.
            work: Runs in a thread.

        Raises:
            RequestError: There is too much work.
        """
        if self._n_requests >= self._max_requests:
            raise RequestError(
                503,
                "Busy",
                f"{self._n_requests} requests are worked on or wait; come again",
                _RETRY_S,
            )
        self._n_requests += 1
        try:
            if study is None:
                return await self._run(work)
            semaphore = self._semaphores.setdefault(study, asyncio.Semaphore(_THREADS_OF_A_STUDY))
            async with semaphore:
                return await self._run(work)
        finally:
            self._n_requests -= 1

    async def _run(self, work: Callable[[], T]) -> T:
        submitted = self._pool.submit(work)
        done = asyncio.wrap_future(submitted)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if not submitted.cancel():  # the thread is occupied until the work ends
                await asyncio.wait([done])
            raise

    def shutdown(self) -> None:
        """Wait for the work that has begun."""
        self._pool.shutdown()
