"""One study as a columnar table, which samplers and schedulers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .history import History

__all__ = ["History"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
