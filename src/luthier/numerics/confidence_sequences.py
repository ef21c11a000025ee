"""Intervals for a mean that hold at every look at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..typing import Array, Mask


class Sequence(NamedTuple):
    """Intervals after each observation.

    Attributes:
        mean: (k,) running mean.
        half_width: (k,) half the width of the interval; inf before there are two observations.
    """

    mean: Array
    half_width: Array


def bound_mean(values: ArrayLike, alpha: float, planned_n: int) -> Sequence:
    """Asymptotic confidence sequence for the mean of `values`.

    It holds for many observations, not for few or rare events: begin to look at it once there are
    50 of each outcome, or 200 values.

    Args:
        values: (k,) observations in the order in which they came.
        alpha: Probability that the mean is ever outside, between 0 and 1.
        planned_n: Number of observations expected in all; the interval is tightest at a fifth of
            it.

    Raises:
        ValueError: Values that are not finite, or an alpha or number outside.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, Time-uniform central limit theory
        and asymptotic confidence sequences, eq. 2, rho as in eq. 9.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError("expected finite values (k,)")

    t = np.arange(1, len(x) + 1)
    mean = np.cumsum(x) / t
    centred = x - (x.mean() if len(x) else 0.0)  # against cancellation
    variance = np.maximum(np.cumsum(centred**2) / t - (np.cumsum(centred) / t) ** 2, 0.0)
    return Sequence(mean, np.where(t > 1, half_width(t, variance, alpha, planned_n), np.inf))


def half_width(t: ArrayLike, variance: ArrayLike, alpha: float, planned_n: int) -> Array:
    """Half the width (k,) of the interval of `bound_mean`.

    Args:
        t: (k,) numbers of observations, at least 1.
        variance: (k,) variance of an observation, as estimated from them.
        alpha: Probability that the mean is ever outside, between 0 and 1.
        planned_n: Number of observations expected in all.

    Raises:
        ValueError: An alpha or number outside.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")
    if planned_n < 1:
        raise ValueError(f"planned_n must be at least 1, got {planned_n}")
    n = np.asarray(t, dtype=np.float64)
    log_alpha = math.log(alpha)
    at_best = max(planned_n / 5, 1.0)
    rho2 = (-(alpha**2) - 2 * log_alpha + math.log(1 - 2 * log_alpha - alpha**2)) / at_best
    scaled = n * rho2 + 1
    log_term = np.log(scaled) / 2 - log_alpha
    return np.asarray(np.sqrt(2 * np.asarray(variance) * scaled / (n**2 * rho2) * log_term))


def difference_values(y: ArrayLike, is_b: Mask, share: float) -> Array:
    """Values (k,) whose mean is that of arm b minus that of arm a, where arms are drawn.

    Args:
        y: (k,) outcomes in the order in which they came.
        is_b: (k,) whether the unit was of arm b.
        share: Probability with which a unit was of arm b.

    Source: Horvitz and Thompson 1952, with outcomes centred by the mean of those before, which
        changes no mean and takes the variance of the level out.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    y = np.asarray(y, dtype=np.float64)
    before = np.concatenate([[0.0], np.cumsum(y)[:-1]]) / np.maximum(np.arange(len(y)), 1)
    residual = y - before
    return np.where(is_b, residual / share, -residual / (1 - share))


def detectable_difference(
    n: float, share: float, std: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Smallest difference of two means that n units find, looked at as often as one likes.

    Args:
        n: Units of both arms.
        share: Share of arm b.
        std: Standard deviation of one outcome.
        alpha: Error of the first kind.
        power: Probability to find it.

    Source: the usual size of a fixed test, times 1.6: what looking at any time costs.
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)
    return z * std * math.sqrt(1.6 / (n * share * (1 - share)))
