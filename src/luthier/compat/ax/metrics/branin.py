"""The function of Branin."""

from __future__ import annotations

from typing import Any

from ..utils.measurement.synthetic_functions import branin
from .noisy_function import NoisyFunctionMetric

__all__ = ["BraninMetric", "branin"]


class BraninMetric(NoisyFunctionMetric):
    """The function of Branin as a metric of two parameters."""

    def f(self, x: Any) -> float:
        """Return its value at an array (2,)."""
        return branin.f(x)
