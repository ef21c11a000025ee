"""`serve`: the service with its token, its socket and its log, until it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import uvicorn

from ..errors import StorageDeniedError, StorageError, StorageReadOnlyError
from ..storages import InMemory, Storage, from_url
from ..storages.retrying import Retrying
from .app import application
from .connections import Connection, Connections
from .limits import Limits
from .middleware import Guard, is_loopback
from .request_log import configure_log
from .tokens import check_token, read_or_create_token, token_file

_BACKLOG = 2048  # connections that wait to be taken in
_AT_A_TIME = 4  # connections that are taken in before too many of them are closed
_OTHER_FILES = 192  # that may be open: connections just taken in or closed, pipes, the storage
_TICK_S = 1.0  # between two looks at the clock, for the date in answers
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
    link: bool = False,
    read_only: bool | None = None,
) -> None:
    """Serve the studies of a storage until SIGTERM or Ctrl-C.

    Requests that have begun are answered before it ends, if they are done within `grace_s`.

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
        link: Whether to print the address of the page in a browser, on a terminal with a code that
            logs in once, within an hour.
        read_only: Whether the page may change nothing; None for so where other machines can reach
            it. Programs with the token may change everything.

    Raises:
        StorageDeniedError: There is no token and the address can be reached from elsewhere, or the
            file is no secret.
        StorageError: The address is taken, or the storage cannot be opened.
    """
    place, cannot_write = _open(storage)
    if isinstance(place, Retrying) and place.reconnect_s > _RECONNECT_S:
        place = Retrying(place.inner, _RECONNECT_S)
    if token == "" and not is_loopback(host):
        raise StorageDeniedError(
            f"without a token only this machine may be served (127.0.0.1), not {host}; give a token"
        )

    listener = _listen(host, port)
    try:
        created_in = None
        path = Path(file) if file is not None else token_file(place)
        if token is None:
            token, created = read_or_create_token(path)
            created_in = path if created else None
        elif token:
            check_token(token)
        port = listener.getsockname()[1]
        _announce(place, host, port, token, created_in)
        configure_log()
        if cannot_write:
            _print(f"the page only reads: {cannot_write}")
        asked = not is_loopback(host) if read_only is None else read_only
        app = application(
            place,
            token,
            limits,
            open_metrics,
            checkpoints,
            cannot_write or ("it was asked to; see luthier serve --help" if asked else ""),
            closed_sessions=path.with_name(f"{path.name}.closed"),
        )
        if link:
            _print_link(host, port, app.sessions.make_code() if token else "")
        make_server(app, limits or Limits()).run([listener])
    finally:
        listener.close()


def _open(storage: str | os.PathLike[str] | Storage) -> tuple[Storage, str]:
    """The storage, and why it cannot be written; "" if it can."""
    try:
        place = from_url(storage)
    except StorageReadOnlyError as e:
        return from_url(storage, read_only=True), str(e)
    is_shut = place.file is not None and not os.access(place.file, os.W_OK)
    return place, f"{place.file} cannot be written; check its rights" if is_shut else ""


def make_server(app: Guard, limits: Limits) -> uvicorn.Server:
    """The web server, which holds clients to the limits from their first byte on."""
    others = Connections(_allow_files(limits))
    protocol = type("Protocol", (Connection,), {"limits": limits, "others": others})
    return _Server(
        app.end_streams,
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="error",  # strangers cause warnings
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_AT_A_TIME,
            timeout_keep_alive=int(limits.idle_s),
            timeout_graceful_shutdown=math.ceil(limits.grace_s),
        ),
    )


class _Server(uvicorn.Server):
    """A web server that takes in few connections at a time, while many may wait for it.

    While nobody asks for anything it wakes up once a second, for the date in its answers.

    Args:
        end_streams: Ends the responses that would never end by themselves.
        config: The server's settings.
    """

    def __init__(self, end_streams: Callable[[], None], config: uvicorn.Config) -> None:
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_to_end = False
        super().__init__(config)
        self._end_streams = end_streams

    @property
    def should_exit(self) -> bool:
        """Whether it is to end; a signal, or another thread, sets this."""
        return self._is_to_end

    @should_exit.setter
    def should_exit(self, is_to_end: bool) -> None:
        self._is_to_end = is_to_end
        if is_to_end and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._end.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_BACKLOG)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)


def _allow_files(limits: Limits) -> int:
    """How many connections may be open, with as many open files as the system allows."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return limits.max_connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.max_connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(soft - min(_OTHER_FILES, soft // 2), 1)
    return limits.max_connections


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as e:
        raise StorageError(
            f"cannot listen on {host}, port {port}: {e}; choose another with --host and --port"
        ) from e


def _announce(storage: Storage, host: str, port: int, token: str, created_in: Path | None) -> None:
    """Print the address, and where a new token is; the token itself only on a terminal."""
    name = f"[{host}]" if ":" in host else host
    what = "studies in memory" if isinstance(storage, InMemory) else repr(storage)
    _print(f"luthier serves {what} on http://{name}:{port}")
    if created_in is not None and sys.stdout.isatty():
        _print(f"its token, kept in {created_in}, is {token}")
    elif created_in is not None:
        _print(f"its token is kept in {created_in}")


def _print_link(host: str, port: int, code: str) -> None:
    """Print the address of the page, on a terminal with a code that logs in once.

    The code stands where browsers keep it to themselves.
    """
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
    secret = f"#k={quote(code, safe='')}" if code and sys.stdout.isatty() else ""
    _print(f"open in a browser: http://{name}:{port}/{secret}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
