"""On which seeds, instances and budgets configurations are compared."""

from __future__ import annotations

from .abstract_intensifier import AbstractIntensifier
from .hyperband import Hyperband
from .intensifier import Intensifier
from .successive_halving import SuccessiveHalving

__all__ = ["AbstractIntensifier", "Hyperband", "Intensifier", "SuccessiveHalving"]
