"""Storages, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "BaseJournalLogStorage",
    "BaseStorage",
    "GrpcStorageProxy",
    "InMemoryStorage",
    "JournalFileOpenLock",
    "JournalFileStorage",
    "JournalFileSymlinkLock",
    "JournalRedisStorage",
    "JournalStorage",
    "RDBStorage",
    "RetryFailedTrialCallback",
    "RetryHeartbeatStaleTrialCallback",
    "fail_stale_trials",
    "get_storage",
    "journal",
    "run_grpc_proxy_server",
]

if TYPE_CHECKING:
    from . import journal as journal
    from .base import BaseStorage as BaseStorage
    from .heartbeat import fail_stale_trials as fail_stale_trials
    from .in_memory import InMemoryStorage as InMemoryStorage
    from .journal.base import BaseJournalLogStorage as BaseJournalLogStorage
    from .journal.file import JournalFileStorage as JournalFileStorage
    from .journal.old_locks import JournalFileOpenLock as JournalFileOpenLock
    from .journal.old_locks import JournalFileSymlinkLock as JournalFileSymlinkLock
    from .journal.redis import JournalRedisStorage as JournalRedisStorage
    from .journal.storage import JournalStorage as JournalStorage
    from .opening import get_storage as get_storage
    from .relational.storage import RDBStorage as RDBStorage
    from .remote import GrpcStorageProxy as GrpcStorageProxy
    from .remote import run_grpc_proxy_server as run_grpc_proxy_server
    from .retry_callback import RetryFailedTrialCallback as RetryFailedTrialCallback
    from .retry_callback import RetryHeartbeatStaleTrialCallback as RetryHeartbeatStaleTrialCallback
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "journal": "",
            "BaseStorage": "base",
            "fail_stale_trials": "heartbeat",
            "InMemoryStorage": "in_memory",
            "BaseJournalLogStorage": "journal.base",
            "JournalFileStorage": "journal.file",
            "JournalFileOpenLock": "journal.old_locks",
            "JournalFileSymlinkLock": "journal.old_locks",
            "JournalRedisStorage": "journal.redis",
            "JournalStorage": "journal.storage",
            "get_storage": "opening",
            "RDBStorage": "relational.storage",
            "GrpcStorageProxy": "remote",
            "run_grpc_proxy_server": "remote",
            "RetryFailedTrialCallback": "retry_callback",
            "RetryHeartbeatStaleTrialCallback": "retry_callback",
        },
    )


class _CachedStorage:
    """What Optuna puts around an RDBStorage, which keeps its trials in memory itself here."""

    def __new__(cls, backend: RDBStorage) -> RDBStorage:  # type: ignore[misc]
        return backend
