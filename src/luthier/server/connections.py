"""Connections of the web server: how many are open, and how long each may be silent."""

from __future__ import annotations

import asyncio
import math
import socket
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .limits import Limits

_STRANGERS = 4  # one connection in so many may be a stranger's


class Connections:
    """The open connections; where there are too many, those are closed that matter least.

    A connection is a stranger's until the token comes over it. So whoever only connects can close
    others who only connect, and nobody else.

    Args:
        most: How many may be open.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_strangers = max(most // _STRANGERS, 1)
        self._known: set[Connection] = set()
        self._strangers: dict[str, dict[Connection, None]] = {}  # by address, the oldest first

    @property
    def n_strangers(self) -> int:
        """How many connections nobody has sent the token over."""
        return sum(map(len, self._strangers.values()))

    def add(self, connection: Connection) -> None:
        """Take in a new connection, and close another or this one if there are too many."""
        self._strangers.setdefault(connection.address, {})[connection] = None
        n_strangers = self.n_strangers
        if n_strangers > self._most_strangers or len(self._known) + n_strangers > self._most:
            crowd = max(self._strangers.values(), key=len)
            oldest = next(iter(crowd))
            self._leave(oldest)
            oldest.transport.abort()

    def welcome(self, connection: Connection) -> None:
        """Note that the token came over a connection."""
        if self._leave(connection):  # else it is closed by now
            self._known.add(connection)

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._leave(connection)
        self._known.discard(connection)

    def _leave(self, connection: Connection) -> bool:
        """Take a connection from the strangers', and return whether it was there."""
        crowd = self._strangers.get(connection.address, {})
        found = connection in crowd
        if found:
            del crowd[connection]
        if not crowd:
            self._strangers.pop(connection.address, None)
        return found


class _Transport:
    """A transport that sends everything written in one turn of the event loop in one piece."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts and not self._transport.is_closing():
            data = b"".join(self._parts)
            self._parts = []
            self._transport.write(data)


class Connection(H11Protocol):
    """One connection over HTTP; a client that takes too long is hung up on.

    Too long is: for the head of a request, between requests, or to take in an answer. `BodyReader`
    limits the time for a body.

    Attributes:
        limits: Limits on what clients may send.
        others: The connections that are open.
        address: The client's.
    """

    limits: Limits
    others: Connections
    address = ""
    _timer: asyncio.TimerHandle | None = None
    _n_unsent = 0
    _known = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Transport(transport, self.loop))  # type: ignore[arg-type]
        self.address = self.client[0] if self.client else ""
        self.app = self._serve
        self.timeout_keep_alive = math.ceil(min(self.limits.read_s, self.limits.idle_s))
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timer = self.loop.call_later(self.limits.read_s, transport.abort)
        self.others.add(self)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["luthier.connection"] = self
        await self.config.loaded_app(scope, receive, send)

    def welcome(self) -> None:
        """Note that the token came over this connection."""
        if not self._known:
            self._known = True
            self.timeout_keep_alive = math.ceil(self.limits.idle_s)
            self.others.welcome(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            if self._timer is None:
                self._timer = self.loop.call_later(self.limits.read_s, self.transport.abort)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def on_response_complete(self) -> None:
        self._n_unsent = self.transport.get_write_buffer_size()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is silent, unless the client still takes in an answer."""
        n_unsent = self.transport.get_write_buffer_size()
        if n_unsent and n_unsent < self._n_unsent:
            self._n_unsent = n_unsent
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        elif n_unsent:
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.others.remove(self)
        super().connection_lost(exc)
