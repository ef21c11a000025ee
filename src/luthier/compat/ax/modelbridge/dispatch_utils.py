"""The older path of `ax.generation_strategy.dispatch_utils`."""

from __future__ import annotations

from ..generation_strategy.dispatch_utils import choose_generation_strategy

__all__ = ["choose_generation_strategy"]
