"""What is called during a search."""

from __future__ import annotations

from .callback import Callback

__all__ = ["Callback"]
