"""The older path of `ax.adapter.registry`."""

from __future__ import annotations

from ..adapter.registry import Generators, Models

__all__ = ["Generators", "Models"]
