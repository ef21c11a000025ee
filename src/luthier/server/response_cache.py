"""Responses to requests with an Idempotency-Key."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any

from .request import Answer, RequestError

MAX_RESPONSES = 10_000
MAX_BYTES = 2**26


class ResponseCache:
    """Responses that were sent, or are being made, by key; the oldest are dropped.

    Its methods run on the event loop.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, tuple[bytes, asyncio.Future[Answer]]] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._n_bytes = 0

    def get_or_run(
        self, key: Hashable, digest: bytes, work: Callable[[], Coroutine[Any, Any, Answer]]
    ) -> asyncio.Future[Answer]:
        """The response to a request; the work is done only if it is new, or failed the last time.

        Args:
            key: The Idempotency-Key, and the operation that it belongs to.
            digest: Hash of the request's body.
            work: Makes the response.

        Raises:
            RequestError: The key was used for another request.
        """
        entry = self._entries.get(key)
        if entry is not None and not _has_failed(entry[1]):
            if entry[0] != digest:
                raise RequestError(
                    422,
                    "KeyReused",
                    "this Idempotency-Key came with another request; make up a new one",
                )
            return entry[1]

        future = asyncio.ensure_future(work())
        self._entries[key] = digest, future
        future.add_done_callback(partial(self._finish, key))
        return future

    def _finish(self, key: Hashable, future: asyncio.Future[Answer]) -> None:
        """Count a response's size, and drop the oldest where there are too many, or too much."""
        if _has_failed(future):
            return
        if key in self._entries and self._entries[key][1] is future:
            self._sizes[key] = len(future.result().content)
            self._n_bytes += self._sizes[key]
        while len(self._entries) > MAX_RESPONSES or self._n_bytes > MAX_BYTES:
            oldest, _ = self._entries.popitem(last=False)
            self._n_bytes -= self._sizes.pop(oldest, 0)


def _has_failed(future: asyncio.Future[Answer]) -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)
