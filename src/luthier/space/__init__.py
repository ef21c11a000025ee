"""The search space: distributions, conditions and hard constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .distributions import Categorical, Distribution, Float, Int
from .normal import Normal
from .space import Space

__all__ = ["Categorical", "Distribution", "Float", "Int", "Normal", "Space"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
