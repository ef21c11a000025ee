"""Tests for results of cross-validation, whose folds share training rows.

Notation: d (m,) paired differences between two models over m folds; ratio is the number of rows
tested over that trained on, in a fold; T is Student's with m - 1 degrees of freedom.

An ordinary t test takes folds as independent: it called two equal models different in 14 % (5
folds) to 57 % (10 times 10) of simulated comparisons at a level of 5 %.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..typing import Array
from .stats import paired_sample, t_inside, t_quantile


class ResampledT(NamedTuple):
    """A corrected t test of paired differences.

    Attributes:
        mean: Mean difference.
        error: Its corrected standard error.
        low: Lower end of the interval.
        high: Upper end.
        p: Two-sided p-value.
    """

    mean: float
    error: float
    low: float
    high: float
    p: float


def corrected_t(d: ArrayLike, ratio: float, level: float = 0.95) -> ResampledT:
    """Student's t test with a variance that is right for folds that overlap.

    Var(mean) = (1/m + ratio) s^2.

    Args:
        d: (m,) differences, m >= 2; of k-fold cross-validation repeated r times, m = k r.
        ratio: Rows tested over rows trained on, > 0; 1 / (k - 1) for k folds.
        level: Coverage of the interval, between 0 and 1.

    Returns:
        Where all differences are equal the interval is their value, and p is 1 if they are 0, else
        0.

    Raises:
        ValueError: d is shorter than 2 or not finite, or a number is out of its range.

    Source: Nadeau & Bengio 2003; Bouckaert & Frank 2004 (repeated folds). Not for folds in time.
    """
    x = paired_sample(d, n_min=2)
    mean, error = _mean_and_error(x, ratio)
    if x.min() == x.max():
        return ResampledT(mean, 0.0, mean, mean, float(mean == 0))
    dof = len(x) - 1
    half = t_quantile(level, dof) * error
    p = 1.0 - t_inside(math.atan2(abs(mean), error * math.sqrt(dof)), dof)
    return ResampledT(mean, error, mean - half, mean + half, max(0.0, p))


def _mean_and_error(x: Array, ratio: float) -> tuple[float, float]:
    if not 0 < ratio < math.inf:
        raise ValueError(f"ratio must be a positive number, got {ratio!r}")
    return float(x.mean()), math.sqrt(1 / len(x) + ratio) * float(x.std(ddof=1))


def one_sided_corrected_t(d: ArrayLike, ratio: float) -> float:
    """Return the p-value of the corrected t test that the mean difference is above 0.

    1 for a single difference, which says nothing of its spread.
    """
    x = np.asarray(d, dtype=np.float64)
    if len(x) < 2:
        return 1.0
    found = corrected_t(x, ratio)
    return found.p / 2 if found.mean > 0 else 1 - found.p / 2


class Posterior(NamedTuple):
    """Probabilities of where the difference between two models lies.

    Attributes:
        below: That it is below the region of practical equivalence.
        inside: That it is within, so that the two are as good as equal.
        above: That it is above.
    """

    below: float
    inside: float
    above: float


def correlated_t_posterior(d: ArrayLike, ratio: float, region: float) -> Posterior:
    """Compute where the true mean difference lies, by the Bayesian correlated t test.

    Its posterior is T, moved to mean(d) and scaled by the corrected standard error.

    Args:
        d: (m,) differences, m >= 2.
        ratio: Rows tested over rows trained on, > 0.
        region: Half width of the region of practical equivalence around 0, >= 0.

    Returns:
        Where all differences are equal, one of the three is 1; the ends of the region are within.

    Raises:
        ValueError: As `corrected_t`, or the region is negative.

    Source: Corani & Benavoli 2015; Benavoli 2017, with correlation n_test / (n_train + n_test).
    """
    if not 0 <= region < math.inf:
        raise ValueError(f"region must be a number of at least 0, got {region!r}")
    x = paired_sample(d, n_min=2)
    mean, error = _mean_and_error(x, ratio)
    if error == 0 or x.min() == x.max():
        return Posterior(
            float(mean < -region), float(-region <= mean <= region), float(mean > region)
        )
    dof = len(x) - 1
    below, upper = (_t_below(end - mean, error, dof) for end in (-region, region))
    if region == 0:
        upper = below
    return Posterior(below, max(0.0, upper - below), 1 - upper)


def _t_below(distance: float, error: float, dof: int) -> float:
    """Return P(error T < distance)."""
    inside = t_inside(math.atan2(abs(distance), error * math.sqrt(dof)), dof)
    return (1 + math.copysign(inside, distance)) / 2


def wilson_interval(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share, of which k of n were seen.

    Args:
        k: How many are, 0 to n.
        n: Of how many, at least 1.
        level: Coverage, between 0 and 1.

    Raises:
        ValueError: A number is out of its range.

    Source: Wilson 1927.
    """
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"expected 0 <= k <= n and n >= 1, got {k=}, {n=}")
    z = t_quantile(level, 10**9)
    share = k / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
