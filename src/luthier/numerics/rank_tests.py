"""Tests on ranks: whether samples differ, go together, or have a trend."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from ..typing import Array


def average_ranks(x: ArrayLike) -> Array:
    """Return ranks (n,) from 1 on; equal values share their average rank."""
    _, group, counts = np.unique(np.asarray(x), return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2)[group.reshape(-1)]
    return ranks


def rank_sum(x: ArrayLike, y: ArrayLike) -> float:
    """Mann and Whitney's test that x (n,) tends to be smaller than y (m,), one-sided.

    The normal approximation, corrected for ties and for continuity.

    Returns:
        The p-value; 1 where a sample is empty or all values are equal.

    Source: Mann & Whitney 1947.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n, m = len(x), len(y)
    if not n or not m:
        return 1.0
    both = np.concatenate([x, y])
    u = float(average_ranks(both)[:n].sum()) - n * (n + 1) / 2
    ties = np.unique(both, return_counts=True)[1].astype(np.float64)
    total = n + m
    variance = n * m / 12 * (total + 1 - (ties**3 - ties).sum() / (total * max(total - 1, 1)))
    if variance <= 0:
        return 1.0
    return math.erfc(-(u + 0.5 - n * m / 2) / math.sqrt(2 * variance)) / 2


def spearman(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Spearman's rank correlation of x (n,) and y (n,), and the p-value of a positive one.

    The p-value is one-sided, by the normal approximation with standard deviation 1 / sqrt(n - 1).

    Returns:
        The correlation, 0 where one of the two is constant, and the p-value.
    """
    a, b = average_ranks(x), average_ranks(y)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float((a**2).sum() * (b**2).sum()))
    if size == 0:
        return 0.0, 1.0
    rho = float((a * b).sum()) / size
    return rho, math.erfc(rho * math.sqrt(len(a) - 1) / math.sqrt(2)) / 2


def spearman_interval(rho: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a rank correlation of n pairs; -1 to 1 for fewer than four.

    Source: Bonett & Wright 2000, eq. 9 (Fisher's transform with variance (1 + rho² / 2) / (n - 3)).
    Deviation: rho counts as 1 - 1 / n² at most, as that of pairs in perfect order is no certainty.
    """
    if n < 4:
        return -1.0, 1.0
    most = 1 - 1 / n**2
    z = math.atanh(min(max(rho, -most), most))
    half = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt((1 + rho * rho / 2) / (n - 3))
    return min(math.tanh(z - half), rho), max(math.tanh(z + half), rho)


def trend(x: ArrayLike) -> float:
    """Mann and Kendall's statistic of a trend in x (n,): a standard normal where there is none.

    Positive where values rise; 0 with fewer than 3. Takes O(n²).

    Source: Kendall 1975, corrected for ties.
    """
    x = average_ranks(x)  # infinities have no differences
    n = len(x)
    if n < 3:
        return 0.0
    s = float(np.triu(np.sign(x[None, :] - x[:, None]), 1).sum())
    ties = np.unique(x, return_counts=True)[1].astype(np.float64)
    scale = n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()
    return 0.0 if scale <= 0 else (s - np.sign(s)) / math.sqrt(scale / 18)
