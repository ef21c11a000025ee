"""Tests and intervals for comparing two methods on the same problems.

Notation: x and y are paired samples (n,), d = x - y their differences; a level is the coverage of
an interval; T is Student's with `dof` degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..typing import Array

_NORMAL = NormalDist()
# Sample sizes up to which the signed-rank distribution is enumerated.
_N_EXACT = 25
_N_EXACT_TIED = 13
_CHUNK = 1_000_000  # resampled values held at once


def paired_sample(x: ArrayLike, y: ArrayLike | None = None, *, n_min: int = 1) -> Array:
    """Return x, or the paired differences x - y: one-dimensional, finite, at least `n_min` long.

    Raises:
        ValueError: They are not.
    """
    samples = [np.asarray(sample, dtype=np.float64) for sample in (x, y) if sample is not None]
    shapes = {sample.shape for sample in samples}
    if len(shapes) > 1 or samples[0].ndim != 1 or len(samples[0]) < n_min:
        raise ValueError(
            f"expected one-dimensional samples of one length, at least {n_min}, got shapes {shapes}"
        )
    if not all(np.isfinite(sample).all() for sample in samples):
        raise ValueError(
            "samples must be finite: drop or impute the pairs with NaN or infinite values first"
        )
    return samples[0] if y is None else samples[0] - samples[1]


def check_level(level: float) -> None:
    """Refuse a coverage that is not between 0 and 1.

    Raises:
        ValueError: It is not.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")


def _signed_rank_tails(ranks: Array, statistic: float) -> tuple[float, float]:
    """P(W <= statistic) and P(W >= statistic) of the sum W of a random subset of ranks.

    Counts the subsets of ranks with each sum, one rank at a time. Ranks are doubled, so that
    averages are whole.
    """
    doubled = np.rint(2 * ranks).astype(int)
    counts = np.zeros(doubled.sum() + 1)
    counts[0] = 1
    for rank in doubled[doubled > 0]:
        counts[rank:] += counts[:-rank].copy()
    w = round(2 * statistic)
    return float(counts[: w + 1].sum() / counts.sum()), float(counts[w:].sum() / counts.sum())


def wilcoxon_signed_rank(
    x: ArrayLike,
    y: ArrayLike | None = None,
    alternative: Literal["two-sided", "less", "greater"] = "two-sided",
) -> float:
    """Wilcoxon's signed-rank test that paired differences are symmetric about 0.

    Tied differences share their average rank, and zeros are ranked, then left out of both sums
    (Pratt 1959). Exact up to 25 pairs, or 13 when there are ties or zeros; the normal approximation
    beyond, corrected for ties and zeros (Cureton 1967), not for continuity. Equals
    `scipy.stats.wilcoxon(zero_method="pratt")` but for 26 to 50 untied pairs, where scipy is exact
    still.

    Args:
        x: Sample (n,), or the differences if `y` is None.
        y: Sample paired with `x`, (n,).
        alternative: "greater" if x - y is held to be above 0, "less" if below.

    Returns:
        The p-value in [0, 1]; 1 if all differences are 0.

    Raises:
        ValueError: Samples are empty, not finite or of different lengths, or the alternative is
            unknown.
    """
    if alternative not in ("two-sided", "less", "greater"):
        raise ValueError(
            f"alternative must be 'two-sided', 'less' or 'greater', got {alternative!r}"
        )
    d = paired_sample(x, y)

    # Average ranks of the sizes; those of zeros are left out.
    sizes, group, counts = np.unique(np.abs(d), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    ranks[d == 0] = 0
    statistic = float(ranks[d > 0].sum())

    tied = len(sizes) < len(d) or sizes[0] == 0
    deviation = float(np.sqrt((ranks**2).sum()) / 2)
    if len(d) <= (_N_EXACT_TIED if tied else _N_EXACT) or deviation == 0:
        less, greater = _signed_rank_tails(ranks, statistic)
    else:
        z = (statistic - ranks.sum() / 2) / deviation
        less, greater = (math.erfc(side * z / math.sqrt(2)) / 2 for side in (-1, 1))
    if alternative == "less":
        return less
    return greater if alternative == "greater" else min(1.0, 2 * min(less, greater))


def mcnemar(b: int, c: int) -> float:
    """McNemar's test that two methods succeed equally often on the same cases.

    Two-sided, binomial, with half of the probability of what was seen (mid-p). The exact test calls
    too little significant where few cases differ.

    Args:
        b: Cases on which only the first succeeded.
        c: Cases on which only the second did.

    Returns:
        2 P(X < m) + P(X = m), for m = min(b, c) and X binomial(b + c, 1/2).

    Raises:
        ValueError: A count is negative.

    Source: Fagerland 2013.
    """
    if b < 0 or c < 0:
        raise ValueError(f"counts must be at least 0, got {b=}, {c=}")
    n, few = b + c, min(b, c)
    log_mass = math.lgamma(n + 1) - math.lgamma(b + 1) - math.lgamma(c + 1) - n * math.log(2)
    k = np.arange(few, 0, -1)
    masses = np.cumprod(k / (n - k + 1))  # P(X = k - 1) / P(X = few)
    return min(1.0, math.exp(log_mass) * (1 + 2 * float(masses.sum())))


def _resampled_means(d: Array, rng: np.random.Generator, n_resamples: int) -> Array:
    rows = max(1, _CHUNK // len(d))
    sizes: Iterable[int] = (min(rows, n_resamples - done) for done in range(0, n_resamples, rows))
    return np.concatenate(
        [d[rng.integers(len(d), size=(size, len(d)))].mean(axis=1) for size in sizes]
    )


def paired_bootstrap_interval(
    x: ArrayLike,
    y: ArrayLike,
    rng: np.random.Generator,
    level: float = 0.95,
    n_resamples: int = 10_000,
) -> tuple[float, float]:
    """Bootstrap interval of mean(x - y), pairs resampled together.

    Bias-corrected and accelerated (BCa), not the percentile interval: differences between tuners
    are skewed, and BCa is second-order accurate then.

    Args:
        x: Sample (n,), n >= 2.
        y: Sample paired with `x`, (n,).
        rng: Source of the resamples.
        level: Coverage, between 0 and 1.
        n_resamples: Number of resamples.

    Returns:
        Lower and upper end; both the difference itself if all differences are equal.

    Raises:
        ValueError: Samples are shorter than 2, not finite or of different lengths, or `level` or
            `n_resamples` is out of range.

    Source: Efron 1987; Efron & Tibshirani 1993, eqs. 14.9, 14.10, 14.14 and 14.15.
    """
    check_level(level)
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be at least 1, got {n_resamples}")
    d = paired_sample(x, y, n_min=2)
    if d.min() == d.max():
        return float(d[0]), float(d[0])

    # The bias correction, eq. 14.14, and the acceleration, eq. 14.15 of Efron and Tibshirani.
    mean = d.mean()
    means = _resampled_means(d, rng, n_resamples)
    below = ((means < mean).mean() + (means <= mean).mean()) / 2
    bias = _NORMAL.inv_cdf(float(np.clip(below, 0.5 / n_resamples, 1 - 0.5 / n_resamples)))
    deviations = (d - mean) / np.ptp(d)
    acceleration = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))

    def end(probability: float) -> float:
        z = bias + _NORMAL.inv_cdf(probability)
        return float(np.quantile(means, _NORMAL.cdf(bias + z / (1 - acceleration * z))))

    return end((1 - level) / 2), end((1 + level) / 2)


def t_inside(angle: float, dof: int) -> float:
    """P(|T| < sqrt(dof) tan(angle)) for Student's T, a finite sum.

    Source: Abramowitz & Stegun 1964, 26.7.3 and 26.7.4.
    """
    odd = dof % 2
    n_terms = dof // 2
    k = np.arange(1, n_terms)
    series = np.cumprod(np.append(1.0, (2 * k - 1 + odd) / (2 * k + odd)))[:n_terms]
    total = math.sin(angle) * float(series @ np.cos(angle) ** (2 * np.arange(n_terms)))
    return 2 / math.pi * (angle + math.cos(angle) * total) if odd else total


def t_quantile(level: float, dof: int) -> float:
    """The t with P(|T| < t) = level for Student's T with `dof` degrees of freedom.

    Bisection on the angle arctan(t / sqrt(dof)); beyond 1,000 degrees of freedom an expansion,
    which is then exact to 1e-10.

    Source: Abramowitz & Stegun 1964, 26.7.5 (the expansion).
    """
    check_level(level)
    if dof > 1000:
        z = _NORMAL.inv_cdf((1 + level) / 2)
        return (
            z
            + (z**3 + z) / (4 * dof)
            + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * dof**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * dof**3)
        )
    low = 0.0
    high = math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        low, high = (angle, high) if t_inside(angle, dof) < level else (low, angle)
    return math.sqrt(dof) * math.tan((low + high) / 2)


def t_tail(t: float, dof: int) -> float:
    """P(|T| >= |t|) for Student's T with `dof` degrees of freedom; 0 for an infinite t."""
    return max(0.0, 1.0 - t_inside(math.atan2(abs(t), math.sqrt(dof)), dof))


def paired_t(x: ArrayLike, y: ArrayLike | None = None) -> float:
    """Student's t test that paired differences have mean 0, two-sided.

    For very few pairs, where signed ranks cannot reach a small p-value whatever the data: 0.0625 is
    their least for 5.

    Args:
        x: Sample (n,), n >= 2, or the differences if `y` is None.
        y: Sample paired with `x`, (n,).

    Returns:
        The p-value in [0, 1]; where all differences are equal 1 if they are 0, else 0.

    Raises:
        ValueError: Samples are shorter than 2, not finite or of different lengths.
    """
    d = paired_sample(x, y, n_min=2)
    mean = float(d.mean())
    error = float(d.std(ddof=1)) / math.sqrt(len(d))
    if d.min() == d.max():
        return float(mean == 0)
    dof = len(d) - 1
    angle = math.atan2(abs(mean), error * math.sqrt(dof))
    return max(0.0, 1.0 - t_inside(angle, dof))


def mean_interval(x: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Student's t interval of the mean.

    Args:
        x: Sample (n,), n >= 2.
        level: Coverage, between 0 and 1.

    Returns:
        Lower and upper end.

    Raises:
        ValueError: The sample is shorter than 2 or not finite, or `level` is out of range.
    """
    check_level(level)
    x = paired_sample(x, n_min=2)
    mean = float(x.mean())
    half = t_quantile(level, len(x) - 1) * float(x.std(ddof=1)) / math.sqrt(len(x))
    return mean - half, mean + half
