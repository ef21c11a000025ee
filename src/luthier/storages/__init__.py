"""What survives a crash: one contract, one test-suite, many back ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from ..errors import StorageError
from .base import Storage
from .memory import Memory

__all__ = ["Memory", "SQLite", "Storage", "from_url"]


def from_url(storage: str | os.PathLike[str] | Storage | None) -> Storage:
    """A storage from what people write: None (memory), "sqlite:///file.db", a path that ends in .db, or a storage.

    Options follow a question mark: "sqlite:///file.db?lease_s=10&max_retries=0".

    Raises:
        StorageError: No such kind of storage, or option.
    """
    if isinstance(storage, Storage):
        return storage
    if storage is None:
        return Memory()
    if not isinstance(storage, str | os.PathLike):
        raise StorageError(f"expected a URL such as 'sqlite:///luthier.db', a path, or a storage, got {storage!r}")
    text = os.fspath(storage)
    scheme, mark, rest = text.partition("://")
    place, _, query = rest.partition("?")
    options: dict[str, Any] = {}
    if not mark:
        if not text.endswith((".db", ".sqlite", ".sqlite3")):
            raise StorageError(f"expected a URL such as 'sqlite:///luthier.db', or a path ending in .db, got {text!r}")
        path = text
    elif scheme == "memory":
        return Memory()
    elif scheme == "sqlite":
        path = unquote(place.removeprefix("/"))
        for key, value in parse_qsl(query, keep_blank_values=True):
            if key not in _OPTIONS:
                raise StorageError(f"expected {' or '.join(_OPTIONS)} after the '?', got {key!r} in {text!r}")
            try:
                options[key] = _OPTIONS[key](value)
            except ValueError:
                raise StorageError(f"{key} is a number, got {value!r} in {text!r}") from None
    else:
        raise StorageError(f"no storage {scheme!r}; expected 'sqlite:///luthier.db' or 'memory://', got {text!r}")
    if path in ("", ":memory:"):
        raise StorageError(f"expected a file after 'sqlite:///', got {text!r}; storage=None is in memory")
    from .sqlite import SQLite

    return SQLite(path, **options)


_OPTIONS: dict[str, Callable[[str], Any]] = {"lease_s": float, "max_retries": int}


def __getattr__(name: str) -> Any:
    if name == "SQLite":
        from .sqlite import SQLite

        return SQLite
    raise AttributeError(f"luthier.storages has no {name!r}")
