"""What survives a crash: one contract, one test-suite, many back ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from .._lazy import attach
from ..errors import StorageError
from .base import Storage, hide_password
from .memory import Memory

__all__ = ["HTTP", "Memory", "Redis", "Retrying", "SQL", "SQLite", "Storage", "from_url"]

_FILES = {
    "HTTP": "http",
    "Redis": "redis",
    "Retrying": "retrying",
    "SQL": "sql",
    "SQLite": "sqlite",
}
_SERVERS = {  # the storage that speaks with the server, by a URL's scheme
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
_OPTIONS: dict[str, Callable[[str], Any]] = {"lease_s": float, "max_retries": int}
_REMOTE: dict[str, Callable[[str], Any]] = {"reconnect_s": float, "checkpoints": str}
_EXAMPLES = (
    "'sqlite:///luthier.db', 'postgresql://user@host/database', 'redis://host:6379', "
    "'http://host:8700'"
)

if TYPE_CHECKING:
    from .http import HTTP as HTTP
    from .redis import Redis as Redis
    from .retrying import Retrying as Retrying
    from .sql import SQL as SQL
    from .sqlite import SQLite as SQLite
else:
    __getattr__, __dir__ = attach(__name__, _FILES, {"Redis": "redis"})


def from_url(storage: str | os.PathLike[str] | Storage | None) -> Storage:
    """A storage from what people write.

    A URL, a path that ends in .db, None (memory), or a storage.

    "sqlite:///file.db", "postgresql://user:password@host/database", "mysql://...",
    "redis://host:6379/0", "http://host:8700" (a `luthier serve`). Options follow a question mark,
    as in "sqlite:///file.db?lease_s=10": lease_s, max_retries, and where there is a server,
    reconnect_s (for how long a request is tried again while the server is away) and checkpoints (a
    folder or URL that all workers can write to). Further options are the driver's: "?sslmode=require".

    Raises:
        StorageError: No such kind of storage, or option.
        MissingDependencyError: It needs a package that is not installed.
    """
    if isinstance(storage, Storage):
        return storage
    if storage is None:
        return Memory()
    if not isinstance(storage, str | os.PathLike):
        raise StorageError(
            f"expected a URL such as 'sqlite:///luthier.db', a path, or a storage, got {storage!r}"
        )
    text = os.fspath(storage)
    scheme, mark, rest = text.partition("://")
    if not mark:
        if not text.endswith((".db", ".sqlite", ".sqlite3")):
            got = "something with an '@', which may hold a password" if "@" in text else repr(text)
            raise StorageError(
                f"expected a URL such as 'sqlite:///luthier.db', or a path ending in .db, got {got}"
            )
        return _file(text, {}, text)
    if scheme == "memory":
        return Memory()
    place, _, query = rest.partition("?")
    if scheme == "sqlite":
        options, others = _options(query, _OPTIONS, text)
        if others:
            raise StorageError(
                f"expected {' or '.join(_OPTIONS)} after the '?', got {others[0][0]!r} in {text!r}"
            )
        return _file(unquote(place.removeprefix("/")), options, text)
    kind = _SERVERS.get(scheme.partition("+")[0])
    if kind is None:
        raise StorageError(
            f"no storage {scheme!r}; expected {_EXAMPLES} or 'memory://', got {hide_password(text)!r}"
        )
    options, others = _options(query, {**_OPTIONS, **_REMOTE}, text)
    retry = {"reconnect_s": options.pop("reconnect_s")} if "reconnect_s" in options else {}
    inner = _class(kind)(f"{scheme}://{place}", dict(others), **options)
    return _class("Retrying")(inner, **retry)


def _class(name: str) -> Callable[..., Storage]:
    """Return a storage of this room; its file is loaded now."""
    found: type[Storage] = getattr(sys.modules[__name__], name)
    return found


def _file(path: str, options: dict[str, Any], text: str) -> Storage:
    if path in ("", ":memory:"):
        raise StorageError(
            f"expected a file after 'sqlite:///', got {text!r}; storage=None is in memory"
        )
    return _class("SQLite")(path, **options)


def _options(
    query: str, known: dict[str, Callable[[str], Any]], text: str
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What a URL says after its question mark: our options, and others."""
    options: dict[str, Any] = {}
    others: list[tuple[str, str]] = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            if key in dict(others):
                raise StorageError(f"{key} stands twice in {hide_password(text)!r}")
            others.append((key, value))
            continue
        try:
            options[key] = known[key](value)
        except ValueError:
            raise StorageError(
                f"{key} is a number, got {value!r} in {hide_password(text)!r}"
            ) from None
    return options, others
