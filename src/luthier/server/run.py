"""`serve`: the service with its token, its socket and its log, until it is ended."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import StorageDeniedError, StorageError
from ..monitoring.json_logs import JsonLines
from ..storages import Memory, Storage, from_url
from ..storages.retrying import Retrying
from .app import application
from .limits import Limits
from .middleware import is_loopback
from .tokens import check_token, read_or_create_token, token_file

_RECONNECT_S = 5.0  # for how long an absent storage is tried; clients try again themselves


def serve(
    storage: str | os.PathLike[str] | Storage,
    host: str = "127.0.0.1",
    port: int = 8700,
    token: str | None = None,
    file: str | os.PathLike[str] | None = None,
    limits: Limits | None = None,
    open_metrics: bool = False,
    checkpoints: str | None = None,
) -> None:
    """Serve the studies of a storage until SIGTERM or Ctrl-C.

    Requests that have begun are answered before it ends.

    Args:
        storage: Its URL, or a storage.
        host: The address to listen on; the default can be reached from this machine only.
        port: The port to listen on; 0 for any that is free.
        token: The secret that clients must send; None for the one in `file`, "" for none, which is
            refused except on this machine.
        file: The file that holds the token; None for `token_file(storage)`. It is created at the
            first start, and then the token is printed if stdout is a terminal.
        limits: Limits on what clients may send.
        open_metrics: Whether /metrics needs no token.
        checkpoints: A folder or URL. Studies may have their checkpoints in places of their own
            below it; None allows no such places. Studies with places elsewhere are served without
            checkpoints.

    Raises:
        StorageDeniedError: There is no token and the address can be reached from elsewhere, or the
            file is no secret.
        StorageError: The address is taken, or the storage cannot be opened.
    """
    place = from_url(storage)
    if isinstance(place, Retrying) and place.reconnect_s > _RECONNECT_S:
        place = Retrying(place.inner, _RECONNECT_S)
    if token == "" and not is_loopback(host):
        raise StorageDeniedError(
            f"without a token only this machine may be served (127.0.0.1), not {host}; give a token"
        )

    listener = _listen(host, port)
    try:
        created_in = None
        if token is None:
            path = Path(file) if file is not None else token_file(place)
            token, created = read_or_create_token(path)
            created_in = path if created else None
        elif token:
            check_token(token)
        _announce(place, host, listener.getsockname()[1], token, created_in)
        _configure_log()
        app = application(place, token, limits, open_metrics, checkpoints)
        make_server(app, limits or Limits()).run([listener])
    finally:
        listener.close()


def make_server(app: Any, limits: Limits) -> uvicorn.Server:
    """The web server, which holds clients to the limits from their first byte on."""
    protocol = type("Protocol", (_Protocol,), {"read_s": limits.read_s})
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(limits.idle_s),
            timeout_graceful_shutdown=int(limits.work_s),
        )
    )


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
        if self._parts:
            data = b"".join(self._parts)
            self._parts = []
            self._transport.write(data)


class _Protocol(H11Protocol):
    """HTTP protocol that drops clients which take too long for the head of a request.

    `Guard` limits the time for the body.
    """

    read_s = 20.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Transport(transport, self.loop))  # type: ignore[arg-type]
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timer = self.loop.call_later(self.read_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            if self._timer is None:
                self._timer = self.loop.call_later(self.read_s, self.transport.abort)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=2048)
    except (OSError, OverflowError, UnicodeError) as e:
        raise StorageError(
            f"cannot listen on {host}, port {port}: {e}; choose another with --host and --port"
        ) from e


def _announce(storage: Storage, host: str, port: int, token: str, created_in: Path | None) -> None:
    """Print the address, and where a new token is; the token itself only on a terminal."""
    name = f"[{host}]" if ":" in host else host
    what = "studies in memory" if isinstance(storage, Memory) else repr(storage)
    _print(f"luthier serves {what} on http://{name}:{port}")
    if created_in is not None and sys.stdout.isatty():
        _print(f"its token, kept in {created_in}, is {token}")
    elif created_in is not None:
        _print(f"its token is kept in {created_in}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class _RequestLines(JsonLines):
    """Each record as a line of JSON; those of requests are JSON already."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.levelno == logging.INFO and text.startswith("{"):
            return text
        return super().format(record)


def _configure_log() -> None:
    """Write the log to stderr, unless the program has configured it already."""
    luthier_logger = logging.getLogger("luthier")
    if not luthier_logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_RequestLines())
        luthier_logger.addHandler(handler)
        luthier_logger.setLevel(logging.INFO)
