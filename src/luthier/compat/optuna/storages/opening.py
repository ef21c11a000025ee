"""From what users give as storage to one."""

from __future__ import annotations

from .base import BaseStorage
from .in_memory import InMemoryStorage


def get_storage(storage: str | BaseStorage | None) -> BaseStorage:
    """Return a storage: a new one in memory for None, one in a database for a URL.

    Raises:
        ValueError: The URL is of a server that Optuna reaches in another way.
    """
    if storage is None:
        return InMemoryStorage()
    if not isinstance(storage, str):
        return storage
    if storage.startswith("redis"):
        raise ValueError(
            "RedisStorage is removed at Optuna v3.1.0. Please use JournalRedisBackend instead."
        )
    from .relational.storage import RDBStorage

    return RDBStorage(storage)
