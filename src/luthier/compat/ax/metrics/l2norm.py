"""The length of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .noisy_function import NoisyFunctionMetric


class L2NormMetric(NoisyFunctionMetric):
    """The Euclidean length of the parameters as a metric."""

    def f(self, x: Any) -> float:
        """Return it for an array (d,)."""
        return float(np.linalg.norm(x))
