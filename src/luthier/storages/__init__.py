"""Storages: where studies live. One contract, one test suite, many back ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from .._lazy import attach
from ..attempts import WAIT_S, Attempts
from ..errors import StorageError, StorageFullError, find_closest
from ..passwords import hide_password
from .base import Storage
from .files import BARE_SCHEME, ENDINGS
from .memory import InMemory

__all__ = [
    "HTTP",
    "InMemory",
    "Redis",
    "Retrying",
    "SQL",
    "SQLite",
    "Salvage",
    "Storage",
    "from_url",
    "salvage",
    "salvage_file",
    "write_studies",
]

_FILES = {
    "HTTP": "http",
    "Redis": "redis",
    "Retrying": "retrying",
    "SQL": "sql",
    "SQLite": "sqlite",
    "Salvage": "repair",
    "salvage": "repair",
    "salvage_file": "repair",
    "write_studies": "repair",
}
_SERVERS = {  # the storage on a server, by the URL's scheme
    "postgresql": "SQL",
    "postgres": "SQL",
    "mysql": "SQL",
    "mariadb": "SQL",
    "redis": "Redis",
    "rediss": "Redis",
    "unix": "Redis",
    "http": "HTTP",
    "https": "HTTP",
}
_LONG_S = 30.0  # who tries so long or longer waits for an answer as long as others
_SHORTEST_ANSWER_S = 10.0  # an honest server may take this long
_OPTIONS: dict[str, Callable[[str], Any]] = {
    "lease_s": float,
    "max_retries": int,
    "reconnect_s": float,
}
_SERVER_OPTIONS: dict[str, Callable[[str], Any]] = {"checkpoints": str}
_EXAMPLES = (
    "'sqlite:///luthier.db', 'postgresql://user@host/database', 'redis://host:6379', "
    "'http://host:8700'"
)

if TYPE_CHECKING:
    from .http import HTTP as HTTP
    from .redis import Redis as Redis
    from .repair import Salvage as Salvage
    from .repair import salvage as salvage
    from .repair import salvage_file as salvage_file
    from .repair import write_studies as write_studies
    from .retrying import Retrying as Retrying
    from .sql import SQL as SQL
    from .sqlite import SQLite as SQLite
else:
    __getattr__, __dir__ = attach(__name__, _FILES, {"Redis": "redis"})


def from_url(storage: str | os.PathLike[str] | Storage | None, read_only: bool = False) -> Storage:
    """Return a storage from a URL, from a path that ends in .db, or from None: memory.

    URLs are "sqlite:///file.db", "postgresql://user:password@host/database", "mysql://...",
    "redis://host:6379/0", "http://host:8700" (a `luthier serve`). Options follow a question mark,
    as in "sqlite:///file.db?lease_s=10": lease_s, max_retries, reconnect_s (for how long a request
    is tried again while the server is away or its disk is full), and where there is a server,
    checkpoints (a folder or URL that all workers can write to). Further options are the driver's,
    such as "?sslmode=require".

    Args:
        storage: The URL or path; a storage is returned as it is.
        read_only: Make no tables where there are none, and upgrade none, when it is opened; the
            verbs that write are still there.

    Raises:
        StorageError: There is no such kind of storage, or no such option.
        MissingDependencyError: It needs a package that is not installed.
    """
    if isinstance(storage, Storage):
        return storage
    if storage is None:
        return InMemory()
    if not isinstance(storage, str | os.PathLike):
        raise StorageError(
            f"expected a URL such as 'sqlite:///luthier.db', a path, or a storage, got {storage!r}"
        )

    text = os.fspath(storage)
    scheme, mark, rest = text.partition("://")
    if not mark:
        if meant := BARE_SCHEME.match(text):
            file = text[meant.end() :].lstrip("/") or "luthier.db"
            raise StorageError(
                f"expected a URL such as 'sqlite:///luthier.db', got {text!r}; did you mean "
                f"'sqlite:///{file}'?"
            )
        if not text.endswith(ENDINGS):
            got = "something with an '@', which may hold a password" if "@" in text else repr(text)
            raise StorageError(
                f"expected a URL such as 'sqlite:///luthier.db', or a path ending in .db, got {got}"
            )
        return _sqlite(text, {"read_only": read_only}, text)
    if scheme == "memory":
        return InMemory()

    place, _, query = rest.partition("?")
    if scheme == "sqlite":
        options, others = _parse_options(query, _OPTIONS, text)
        if others:
            raise StorageError(
                f"expected {' or '.join(_OPTIONS)} after the '?', got {next(iter(others))!r} in "
                f"{hide_password(text)!r}"
            )
        options["read_only"] = read_only
        return _sqlite(unquote(place.removeprefix("/")), options, text)
    return _on_server(scheme, place, query, text, read_only)


def _sqlite(path: str, options: dict[str, Any], text: str) -> Storage:
    if path in ("", ":memory:"):
        raise StorageError(
            f"expected a file after 'sqlite:///', got {text!r}; storage=None is in memory"
        )
    reconnect_s = options.pop("reconnect_s", WAIT_S)

    # A file is opened here, unlike a server, which the first verb reaches for.
    open_file = partial(_load("SQLite"), path, **options)
    file = Attempts(reconnect_s).run(open_file, _is_full, path)
    return _load("Retrying")(file, reconnect_s)


def _is_full(e: Exception) -> bool:
    return isinstance(e, StorageFullError)


def _on_server(scheme: str, place: str, query: str, text: str, read_only: bool) -> Storage:
    kind = _SERVERS.get(scheme.partition("+")[0])
    if kind is None:
        near = find_closest(scheme.lower(), [*_SERVERS, "sqlite", "memory"])
        meant = f"; did you mean {near}://?" if near else ""
        raise StorageError(
            f"no storage {scheme!r}; expected {_EXAMPLES} or 'memory://', got "
            f"{hide_password(text)!r}{meant}"
        )
    options, others = _parse_options(query, _OPTIONS | _SERVER_OPTIONS, text)
    retrying = {}
    if "reconnect_s" in options:
        retrying["reconnect_s"] = reconnect_s = options.pop("reconnect_s")
        if reconnect_s < _LONG_S:  # a server that hangs is not waited for much longer
            options["answer_s"] = max(reconnect_s, _SHORTEST_ANSWER_S)
    if kind != "HTTP":  # which asks a service, and makes nothing
        options["read_only"] = read_only
    inner = _load(kind)(f"{scheme}://{place}", others, **options)
    return _load("Retrying")(inner, **retrying)


def _load(name: str) -> Callable[..., Storage]:
    """Return a storage of this room, whose file is loaded now."""
    found: type[Storage] = getattr(sys.modules[__name__], name)
    return found


def _parse_options(
    query: str, known: dict[str, Callable[[str], Any]], text: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options after a URL's question mark: those that are known, and the others."""
    options: dict[str, Any] = {}
    others: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            if key in others:
                raise StorageError(f"{key} stands twice in {hide_password(text)!r}")
            others[key] = value
            continue
        try:
            options[key] = known[key](value)
        except ValueError:
            raise StorageError(
                f"{key} is a number, got {value!r} in {hide_password(text)!r}"
            ) from None
    return options, others
