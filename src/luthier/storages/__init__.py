"""What survives a crash: one contract, one test-suite, many back ends."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

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
    text = os.fspath(storage)
    if "://" not in text:
        if not text.endswith((".db", ".sqlite", ".sqlite3")):
            raise StorageError(f"expected a URL such as 'sqlite:///luthier.db', or a path ending in .db, got {text!r}")
        text = f"sqlite:///{text}"
    parts = urlsplit(text)
    if parts.scheme == "memory":
        return Memory()
    if parts.scheme != "sqlite":
        raise StorageError(f"no storage {parts.scheme!r}; expected 'sqlite:///luthier.db' or 'memory://', got {text!r}")
    path = unquote(parts.netloc + parts.path)[1:] if not parts.netloc else unquote(parts.netloc + parts.path)
    options: dict[str, Any] = {}
    for key, value in parse_qsl(parts.query):
        if key not in ("lease_s", "max_retries"):
            raise StorageError(f"expected lease_s or max_retries after the '?', got {key!r} in {text!r}")
        options[key] = float(value) if key == "lease_s" else int(value)
    if not path:
        raise StorageError(f"expected a file after 'sqlite:///', got {text!r}")
    from .sqlite import SQLite

    return SQLite(path, **options)


def __getattr__(name: str) -> Any:
    if name == "SQLite":
        from .sqlite import SQLite

        return SQLite
    raise AttributeError(f"luthier.storages has no {name!r}")
