"""Hartmann's function of six numbers."""

from __future__ import annotations

from typing import Any

from ..utils.measurement.synthetic_functions import hartmann6
from .noisy_function import NoisyFunctionMetric


class Hartmann6Metric(NoisyFunctionMetric):
    """Hartmann's function as a metric of six parameters."""

    def f(self, x: Any) -> float:
        """Return its value at an array (6,)."""
        return hartmann6.f(x)
