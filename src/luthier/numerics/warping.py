"""Monotone transforms of losses that make them easier to model.

They keep the resolution near the best loss, and only ranks far from it.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from ..typing import Array


def half_rank(y: Array) -> Array:
    """Replace the losses above the median by normal quantiles of their ranks.

    The good half keeps its shape.

    Args:
        y: (n,) finite losses, smaller is better.

    Returns:
        (n,), in the same order; equal losses stay equal.

    Source: Song 2024 (Vizier), section 3.2; `output_warpers.HalfRankComponent`, with the sign
    turned. Deviation: the lower of two middle losses is the median, so that half of them may be
    arbitrarily bad.
    """
    median = float(np.sort(y)[(len(y) - 1) // 2])
    good = y <= median
    spread = _rms(y[good] - median) or _rms(y - median)
    if good.all():
        return y.copy()

    worse, rank = np.unique(y[~good], return_inverse=True)
    m = len(worse) + 0.5 * bool((y == median).any())
    out = y.copy()
    out[~good] = median - spread * ndtri(0.5 * (len(worse) - rank - 0.5) / m)
    return out


def rank_outliers(y: Array) -> Array:
    """Replace losses more than 3 interquartile ranges beyond the upper quartile by their ranks.

    All others stay as they are.

    Args:
        y: (n,) finite losses, smaller is better.

    Source: Tukey 1977 (the outer fence).
    """
    low, high = np.quantile(y / 8, [0.25, 0.75]).tolist()  # eighths: the fence cannot overflow
    fence = 8 * (high + 3 * (high - low))
    width = 8 * (high - low)

    outlier = y > fence
    if width > 0 and outlier.any():
        worse, rank = np.unique(y[outlier], return_inverse=True)
        y = y.copy()
        y[outlier] = fence + width * (rank + 1) / len(worse)
    return y


def _rms(d: Array) -> float:
    """Root of the mean square, without overflow."""
    scale = float(np.abs(d).max())
    return scale * math.sqrt(float(np.mean((d / scale) ** 2))) if scale > 0 else 0.0


def log_warp(y: Array, s: float = 1.5) -> Array:
    """Stretch the scale of losses y (n,) towards the best.

    A loss becomes ln(1 + t (s - 1)) / ln s - 1/2, for t from 0 (best) to 1 (worst).

    Source: Song 2024 (Vizier), `output_warpers.LogWarperComponent`, with the sign turned.
    """
    low = float(y.min())
    high = float(y.max())
    if not high > low:
        return np.zeros(len(y))
    t = (y / 2 - low / 2) / (high / 2 - low / 2)  # differences of halves do not overflow
    return np.log1p(t * (s - 1)) / math.log(s) - 0.5


def standardise(y: Array) -> Array:
    """Shift and scale losses y (n,) to mean 0 and standard deviation 1; zeros if all are equal."""
    d = y - y.mean()
    spread = _rms(d)
    return d / spread if spread > 1e-12 * float(np.abs(y).max()) else np.zeros(len(y))
