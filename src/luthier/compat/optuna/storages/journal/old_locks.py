"""The locks of journals under their older path, `optuna.storages`."""

from __future__ import annotations

from ...marks import deprecated_class
from . import file

_PATH = "The import path :class:`~optuna.storages.{0}`"
_ADVICE = "Use :class:`~optuna.storages.journal.{0}` instead."


@deprecated_class(
    "4.0.0",
    "6.0.0",
    name=_PATH.format("JournalFileOpenLock"),
    text=_ADVICE.format("JournalFileOpenLock"),
)
class JournalFileOpenLock(file.JournalFileOpenLock):
    """The lock under its older path."""


@deprecated_class(
    "4.0.0",
    "6.0.0",
    name=_PATH.format("JournalFileSymlinkLock"),
    text=_ADVICE.format("JournalFileSymlinkLock"),
)
class JournalFileSymlinkLock(file.JournalFileSymlinkLock):
    """The lock under its older path."""
