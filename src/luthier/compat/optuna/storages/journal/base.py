"""Where a journal is written: a list of entries that only grows."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import Any

from ...marks import deprecated_class


class BaseJournalBackend(abc.ABC):
    """Base of the places in which a journal is written."""

    @abc.abstractmethod
    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Return the entries from a number on, 0 for all."""

    @abc.abstractmethod
    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add entries, all or none."""


class BaseJournalSnapshot(abc.ABC):
    """Base of places that keep a copy of what the entries come to."""

    @abc.abstractmethod
    def save_snapshot(self, snapshot: bytes) -> None:
        """Keep a copy, in place of the one before."""

    @abc.abstractmethod
    def load_snapshot(self) -> bytes | None:
        """Return the copy; None where there is none."""


@deprecated_class(
    "4.0.0", "6.0.0", text="Use :class:`~optuna.storages.journal.BaseJournalBackend` instead."
)
class BaseJournalLogStorage(BaseJournalBackend):
    """An older name of `BaseJournalBackend`."""
