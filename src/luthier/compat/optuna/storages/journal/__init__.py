"""Journals, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....._lazy import attach

__all__ = [
    "BaseJournalBackend",
    "BaseJournalFileLock",
    "JournalFileBackend",
    "JournalFileOpenLock",
    "JournalFileSymlinkLock",
    "JournalRedisBackend",
    "JournalStorage",
]

if TYPE_CHECKING:
    from .base import BaseJournalBackend as BaseJournalBackend
    from .file import BaseJournalFileLock as BaseJournalFileLock
    from .file import JournalFileBackend as JournalFileBackend
    from .file import JournalFileOpenLock as JournalFileOpenLock
    from .file import JournalFileSymlinkLock as JournalFileSymlinkLock
    from .redis import JournalRedisBackend as JournalRedisBackend
    from .storage import JournalStorage as JournalStorage
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BaseJournalBackend": "base",
            "BaseJournalFileLock": "file",
            "JournalFileBackend": "file",
            "JournalFileOpenLock": "file",
            "JournalFileSymlinkLock": "file",
            "JournalRedisBackend": "redis",
            "JournalStorage": "storage",
        },
    )
