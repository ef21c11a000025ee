"""One study as a columnar table, which samplers and schedulers read."""

from __future__ import annotations

from .history import History

__all__ = ["History"]
