"""A storage of each kind, empty, for tests that hold for all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers import shared
from tests.support.service import Service

from luthier.storages import InMemory, SQLite, Storage, from_url


@contextlib.contextmanager
def opened(kind: str, folder: Path) -> Iterator[Storage]:
    """An empty storage; "http" is a service in this process, and a file is made in the folder."""
    service = Service(InMemory()) if kind == "http" else None
    if service is not None:
        storage = service.client()
    elif kind == "memory":
        storage = InMemory()
    elif kind == "sqlite":
        storage = SQLite(folder / "a.db")
    else:
        storage = from_url(shared(kind).fresh())
    yield storage
    storage.close()
    if service is not None:
        service.stop()
