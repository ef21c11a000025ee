"""Bodies of requests: how they are read, and what is refused before it is parsed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request

from ..storages.codec import is_deeper
from .limits import Limits
from .request import RequestError

MAX_DEPTH = 64  # of lists and dicts within each other
_BODIES = 8  # how many of the largest may be held at a time
_BUSY_S = 1.0


class BodyReader:
    """Reads the bodies of requests that are let in, so many bytes at a time.

    Args:
        limits: Limits on what clients may send.
    """

    def __init__(self, limits: Limits) -> None:
        self._max_body = limits.max_body
        self._read_s = limits.read_s
        self._n_left = _BODIES * limits.max_body

    @asynccontextmanager
    async def reading(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request, which counts against what is held until the block ends.

        Raises:
            RequestError: It is too large, or comes too slowly, or the service holds too much.
        """
        parts: list[bytes] = []
        try:
            yield await self._read(request, parts)
        finally:
            self._n_left += sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> bytes:
        """The body of a request; its parts are noted as they come."""
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length[:20]) > self._max_body:
            raise self._too_large()
        n_bytes = 0
        try:
            async with asyncio.timeout(self._read_s):
                async for part in _parts(request):
                    parts.append(part)
                    n_bytes += len(part)
                    self._n_left -= len(part)
                    if n_bytes > self._max_body:
                        raise self._too_large()
                    if self._n_left < 0:
                        message = "the bodies of other requests fill what is held; come again"
                        raise RequestError(503, "Busy", message, _BUSY_S)
        except TimeoutError:
            message = f"the request was not complete after {self._read_s:g} s"
            raise RequestError(408, "RequestTimeout", message) from None
        request.scope["luthier.n_bytes"] = n_bytes
        return b"".join(parts)

    def _too_large(self) -> RequestError:
        message = f"a request has at most {self._max_body} bytes; send it in parts"
        return RequestError(413, "BodyTooLarge", message)


async def _parts(request: Request) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise RequestError(400, "BadRequest", "the client closed the connection")
        yield message.get("body", b"")
        more = message.get("more_body", False)


def require_shallow(body: bytes) -> None:
    """Refuse JSON whose lists and dicts are too deep within each other.

    Raises:
        RequestError: They are.
    """
    if is_deeper(body, MAX_DEPTH):
        message = f"lists and dicts may be {MAX_DEPTH} deep within each other, not more"
        raise RequestError(400, "BadRequest", message)


def require_distinct_names(body: bytes) -> None:
    """Refuse well-formed JSON in which a name stands twice in a dict, since one would be lost.

    Raises:
        RequestError: One does.
    """
    json.loads(body, object_pairs_hook=_require_distinct, parse_int=len, parse_float=len)


def _require_distinct(pairs: list[tuple[str, Any]]) -> None:
    names = {name for name, _ in pairs}
    if len(names) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise RequestError(422, "Invalid", f"{twice!r:.100} stands twice in a dict; leave one out")
