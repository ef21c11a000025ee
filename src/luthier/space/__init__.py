"""The search space: distributions, conditions and hard constraints."""

from __future__ import annotations

from .distributions import Categorical, Distribution, Float, Int
from .space import Space

__all__ = ["Categorical", "Distribution", "Float", "Int", "Space"]
