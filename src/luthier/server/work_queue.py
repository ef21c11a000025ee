"""The work that waits for a thread: so much of it, and of each study so much at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from weakref import WeakValueDictionary

from .handlers import Refused

_OF_A_STUDY = 2  # threads: one works while the other reads and writes what it was sent
_AGAIN_S = 1.0

T = TypeVar("T")


class Queue:
    """Hands work to threads; a study whose work is slow does not hold up others.

    Args:
        threads: How many there are.
        most: How much work there may be, whether somebody still waits for it or not.
    """

    def __init__(self, threads: int, most: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="luthier-service")
        self._most = most
        self._n = 0
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = (
            WeakValueDictionary()
        )  # while somebody uses them

    async def run(self, study: str | None, work: Callable[[], T]) -> T:
        """What the work comes to; cancelled before it begins, it is never done.

        Args:
            study: Whose turn is waited for; None for nobody's.
            work: What runs in a thread.

        Raises:
            Refused: There is too much work.
        """
        if self._n >= self._most:
            raise Refused(
                503, "Busy", f"{self._n} requests are worked on or wait; come again", _AGAIN_S
            )
        self._n += 1
        try:
            if study is None:
                return await self._run(work)
            turn = self._turns.setdefault(study, asyncio.Semaphore(_OF_A_STUDY))
            async with turn:
                return await self._run(work)
        finally:
            self._n -= 1

    async def _run(self, work: Callable[[], T]) -> T:
        begun = self._pool.submit(work)
        done = asyncio.wrap_future(begun)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            if not begun.cancel():  # the thread is taken until it ends
                await asyncio.wait([done])
            raise

    def shutdown(self) -> None:
        """Waits for what has begun."""
        self._pool.shutdown()
