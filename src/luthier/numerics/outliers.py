"""A test of whether one of a few numbers lies apart from the others."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .stats import t_tail


def grubbs(x: ArrayLike) -> tuple[int, float]:
    """Grubbs' test that the number farthest from the mean is normal like the others, two-sided.

    Args:
        x: Sample (n,), n >= 3, finite.

    Returns:
        The position of the farthest number and the p-value, corrected for the choice among n by
        Bonferroni's inequality; 1 where all numbers are equal.

    Source: Grubbs 1969, with the exact relation of his statistic to Student's t.
    """
    x = np.asarray(x, dtype=np.float64)
    n = len(x)
    away = np.abs(x - x.mean())
    at = int(away.argmax())
    if not away[at] > 0:
        return at, 1.0

    g = float(away[at] / x.std(ddof=1))
    rest = (n - 1) ** 2 - n * g**2
    t = math.sqrt(n * (n - 2) * g**2 / rest) if rest > 1e-12 else math.inf
    return at, min(1.0, n * t_tail(t, n - 2))
