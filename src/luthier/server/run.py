"""Starts the service: its token, its socket, its log; and ends it without losing an answer."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import socket
import stat
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
from .middleware import loopback

_LEAST = 16  # characters of a token
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
    """Serves the studies of a storage until SIGTERM or Ctrl-C.

    Then answers what it is working on, and ends.

    Args:
        storage: Its URL, or a storage.
        host: The address to listen on; the one by default is reached from this machine only.
        port: Where; 0 for any that is free.
        token: What clients must show; None for the one in `file`, "" for none, which is refused
            except on this machine.
        file: Where the token is kept; None for `token_file(storage)`. It is made at the first
            start, and then printed if that is to a terminal.
        limits: How much is taken of clients.
        open_metrics: Whether /metrics needs no token.
        checkpoints: In which folder or URL studies may have a place of their own for checkpoints;
            None for nowhere. Those that have one elsewhere are served without checkpoints.

    Raises:
        StorageDeniedError: There is no token and the address can be reached from elsewhere, or the
            file is no secret.
        StorageError: Nobody can listen there, or the storage cannot be opened.
    """
    place = from_url(storage)
    if isinstance(place, Retrying) and place.reconnect_s > _RECONNECT_S:
        place = Retrying(place.inner, _RECONNECT_S)
    if token == "" and not loopback(host):
        raise StorageDeniedError(
            f"without a token only this machine may be served (127.0.0.1), not {host}; give a token"
        )
    line = _listen(host, port)
    try:
        made = False
        if token is None:
            token, made = _token(Path(file) if file is not None else token_file(place))
        elif token:
            _check(token)
        name = f"[{host}]" if ":" in host else host
        what = "studies in memory" if isinstance(place, Memory) else repr(place)
        _say(f"luthier serves {what} on http://{name}:{line.getsockname()[1]}")
        if made:
            where = file or token_file(place)
            _say(
                f"its token, kept in {where}, is {token}"
                if sys.stdout.isatty()
                else f"its token is kept in {where}"
            )
        _log()
        run(application(place, token, limits, open_metrics, checkpoints), line, limits or Limits())
    finally:
        line.close()


def run(app: Any, line: socket.socket, limits: Limits) -> None:
    """Serves an application on a socket."""
    server(app, limits).run([line])


def server(app: Any, limits: Limits) -> uvicorn.Server:
    """The web server, with clients held to the limits from their first byte on."""
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


class _Whole:
    """A connection that sends what is written to it at once in one piece."""

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
    """Hangs up on clients that take too long for a request's first lines.

    The rest is waited for by `Guard`.
    """

    read_s = 20.0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Whole(transport, self.loop))  # type: ignore[arg-type]
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._late = self.loop.call_later(self.read_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            if self._late is None:
                self._late = self.loop.call_later(self.read_s, self.transport.abort)
        elif self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)


def token_file(storage: Storage) -> Path:
    """Where a service's token is kept.

    Beside the storage's file, or in the user's own folder of settings.
    """
    if path := getattr(storage, "path", None):
        return Path(f"{path}.token")
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(settings, "luthier", "token")


def _token(file: Path) -> tuple[str, bool]:
    """The token in a file, which is never empty, and whether it was made just now."""
    made = secrets.token_urlsafe(32)
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
                f.write(made + "\n")
            try:
                os.link(new, file)  # whole, or not at all
                return made, True
            except FileExistsError:  # another service was quicker
                pass
            finally:
                new.unlink()
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise StorageDeniedError(
                f"{file} can be read by others; a token is a secret: chmod 600 {file}"
            )
        found = file.read_text().strip()
        _check(found)
        return found, False
    except (OSError, UnicodeError) as e:
        raise StorageError(f"the token in {file} cannot be read or written: {e}") from e


def _check(token: str) -> None:
    if len(token) < _LEAST or re.search(r"[^!-~]", token):
        raise StorageDeniedError(
            f"expected a token of at least {_LEAST} characters, without spaces, got one of "
            f"{len(token)}; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe())'"
        )


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=2048)
    except (OSError, OverflowError, UnicodeError) as e:
        raise StorageError(
            f"cannot listen on {host}, port {port}: {e}; choose another with --host and --port"
        ) from e


class _Lines(JsonLines):
    """Each record as a line of JSON; those of requests are that already."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        return (
            text
            if record.levelno == logging.INFO and text.startswith("{")
            else super().format(record)
        )


def _log() -> None:
    """Writes the log to stderr, unless somebody has said already where it goes."""
    logger = logging.getLogger("luthier")
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Lines())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
