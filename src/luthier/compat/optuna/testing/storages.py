"""Storages of every kind, for tests."""

from __future__ import annotations

import importlib.util
import warnings
from typing import Any

from ..exceptions import ExperimentalWarning
from ..storages.base import BaseStorage
from ..storages.in_memory import InMemoryStorage
from ..storages.journal.file import JournalFileBackend
from ..storages.journal.redis import JournalRedisBackend
from ..storages.journal.storage import JournalStorage
from ..storages.relational.storage import RDBStorage
from .tempfile_pool import NamedTemporaryFilePool

_HAS_FAKE = importlib.util.find_spec("fakeredis") is not None
STORAGE_MODES: list[Any] = ["inmemory", "sqlite", "cached_sqlite", "journal"]
STORAGE_MODES += ["journal_redis"] if _HAS_FAKE else []
STORAGE_MODES_HEARTBEAT = ["sqlite", "cached_sqlite"]
SQLITE3_TIMEOUT = 300


class StorageSupplier:
    """A new storage of a kind, for a block.

    Args:
        storage_specifier: One of `STORAGE_MODES`.
        **kwargs: Of the storage; `file` or `redis` of a journal.
    """

    def __init__(self, storage_specifier: str, **kwargs: Any) -> None:
        self.storage_specifier = storage_specifier
        self.extra_args = kwargs
        self.storage: BaseStorage | None = None

    def __enter__(self) -> Any:
        kind, given = self.storage_specifier, self.extra_args
        if kind == "inmemory":
            if given:
                raise ValueError("InMemoryStorage does not accept any arguments!")
            self.storage = InMemoryStorage()
        elif kind in STORAGE_MODES_HEARTBEAT:
            options = {"connect_args": {"timeout": SQLITE3_TIMEOUT}}
            file = NamedTemporaryFilePool().tempfile()
            self.storage = RDBStorage(f"sqlite:///{file.name}", engine_kwargs=options, **given)
        elif kind == "journal":
            file = given.get("file") or NamedTemporaryFilePool().tempfile()
            self.storage = JournalStorage(JournalFileBackend(file.name))
        elif kind == "journal_redis":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                backend: Any = JournalRedisBackend("redis://localhost")
            import fakeredis

            backend.connect_to(given.get("redis") or fakeredis.FakeStrictRedis())
            self.storage = JournalStorage(backend)
        else:
            raise ValueError(f"there is no storage {kind!r}; there are {STORAGE_MODES}")
        return self.storage

    def __exit__(self, *raised: object) -> None:
        if isinstance(self.storage, RDBStorage):
            self.storage.engine.dispose()
