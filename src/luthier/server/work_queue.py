"""Queue of the work that waits for a thread: bounded for each study."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar
from weakref import WeakValueDictionary

_THREADS_OF_A_STUDY = 2  # one works while the other decodes a request or encodes a response

T = TypeVar("T")


class WorkQueue:
    """Threads that do the work of requests; a slow study does not delay the others.

    The end of the program does not wait for them.

    Args:
        threads: How many there are.
    """

    def __init__(self, threads: int) -> None:
        self._threads = [Thread(target=self._do_work, daemon=True) for _ in range(threads)]
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._running: set[Future[Any]] = set()
        self._closed = False
        # A study's semaphore lives as long as some request uses it.
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, study: str | None, work: Callable[[], T]) -> T:
        """Return the result of some work; work that is cancelled before it begins is not done.

        Args:
            study: The study whose other work is waited for; None for no study.
            work: Runs in a thread.
        """
        if study is None:
            return await self._run(work)
        semaphore = self._semaphores.setdefault(study, asyncio.Semaphore(_THREADS_OF_A_STUDY))
        async with semaphore:
            return await self._run(work)

    async def _run(self, work: Callable[[], T]) -> T:
        for thread in self._threads:
            if thread.ident is None:
                thread.start()
        submitted: Future[T] = Future()
        self._waiting.put((submitted, work))
        done = asyncio.wrap_future(submitted)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            # The thread is occupied until the work ends, which the end of the service is not.
            if not submitted.cancel() and not self._closed:
                await asyncio.wait([done])
            raise

    def shutdown(self) -> bool:
        """Begin no more work, and return whether all that has begun is done."""
        self._closed = True
        return not self._running

    def _do_work(self) -> None:
        while True:
            submitted, work = self._waiting.get()
            if self._closed:
                submitted.cancel()
            if not submitted.set_running_or_notify_cancel():
                continue
            self._running.add(submitted)
            try:
                submitted.set_result(work())
            except BaseException as e:
                submitted.set_exception(e)
            finally:
                self._running.discard(submitted)
            del submitted, work  # an idle thread holds nothing
