"""The path of older versions."""

from __future__ import annotations

from ..adapter.cross_validation import __getattr__

__all__ = ["__getattr__"]
