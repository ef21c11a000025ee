"""Acquisition functions: what a trial is expected to bring.

Notation: an objective f is normal with a mean and a standard deviation sd, `best` is the least
value so far, and z = (best - mean) / sd. phi and Phi are the standard normal density and cdf;
h(z) = phi(z) + z Phi(z), so the expected improvement is sd · h(z) (Jones 1998). There are k points
with m objectives each. Everything is in logarithms, so that a gradient is left where the
improvement underflows (Ament 2023). A function that ends in `_by` returns derivatives as well;
exponents are cut off at 700, so that no derivative overflows.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfcx, log_ndtr

from ..typing import Array

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_SQRT_HALF = math.sqrt(0.5)
_LEAST = 1e-300  # relative difference of two expected improvements that rounding has made equal


def log_h(z: Array) -> Array:
    """Log of h(z) = phi(z) + z Phi(z), exact to rounding for any z, however far in the tail.

    Source: Ament 2023, eq. 9.
    """
    out = np.empty_like(z)
    far = z < -1.0
    near = z[~far]
    out[~far] = np.log(np.exp(-0.5 * near * near - _LOG_SQRT_2PI) + near * np.exp(log_ndtr(near)))

    t = z[far]
    # phi(z) (1 + z Phi(z)/phi(z)), where Phi(z)/phi(z) = sqrt(pi/2) erfcx(-z/sqrt 2)
    tail = 1 + t * math.sqrt(math.pi / 2) * erfcx(-t * _SQRT_HALF)
    # Very far out the sum cancels; there it is 1/t² - 3/t⁴ to rounding.
    asymptote = t < -1e3
    tail[asymptote] = (1 - 3 / t[asymptote] ** 2) / t[asymptote] ** 2
    out[far] = -0.5 * t * t - _LOG_SQRT_2PI + np.log(tail)
    return out


def log_expected_improvement(mean: Array, sd: Array, best: float) -> Array:
    """Log of E[max(best - f, 0)] for f normal; smaller f is better."""
    return np.asarray(log_h((best - mean) / sd) + np.log(sd))


def log_expected_improvement_by(mean: Array, sd: Array, best: float) -> tuple[Array, Array, Array]:
    """`log_expected_improvement`, and its derivatives by mean and by sd.

    dEI/dmean = -Phi(z) and dEI/dsd = phi(z).
    """
    z = (best - mean) / sd
    log_ei = log_h(z) + np.log(sd)
    by_mean = -np.exp(np.minimum(log_ndtr(z) - log_ei, 700.0))
    by_sd = np.exp(np.minimum(-0.5 * z * z - _LOG_SQRT_2PI - log_ei, 700.0))
    return log_ei, by_mean, by_sd


def log_probability_below(mean: Array, sd: Array, bound: float) -> Array:
    """Log of P(f <= bound) for f normal."""
    return np.asarray(log_ndtr((bound - mean) / sd))


def log_probability_below_by(mean: Array, sd: Array, bound: float) -> tuple[Array, Array, Array]:
    """`log_probability_below`, and its derivatives by mean and by sd."""
    z = (bound - mean) / sd
    log_p = log_ndtr(z)
    by_mean = -np.exp(np.minimum(-0.5 * z * z - _LOG_SQRT_2PI - log_p, 700.0)) / sd
    return log_p, by_mean, z * by_mean


def log_expected_hypervolume(mean: Array, sd: Array, low: Array, high: Array) -> Array:
    """Log (k,) of the hypervolume improvement that is expected of a point.

    Args:
        mean: (k, m) of independent normal objectives; smaller is better.
        sd: (k, m).
        low: (b, m) corners of disjoint boxes that cover what is not dominated yet; may be -inf.
        high: (b, m).

    Source: Yang 2019 (the sum over boxes of the product of differences of expected improvements
    over their sides), in logarithms as Ament 2023 have it for one objective.
    """
    total = np.zeros((len(mean), len(low)))
    for j in range(mean.shape[1]):
        total += _Sides(mean[:, j, None], sd[:, j, None], low[:, j], high[:, j]).log_gain
    return _log_sum(total)[:, 0]


def log_expected_hypervolume_by(
    mean: Array, sd: Array, low: Array, high: Array
) -> tuple[Array, Array, Array]:
    """`log_expected_hypervolume`, and its derivatives (k, m) by mean and by sd."""
    sides = [
        _Sides(mean[:, j, None], sd[:, j, None], low[:, j], high[:, j])
        for j in range(mean.shape[1])
    ]
    total = np.sum([side.log_gain for side in sides], axis=0)
    log_volume = _log_sum(total)
    slopes = [side.slopes(total - log_volume) for side in sides]
    by_mean, by_sd = (np.stack(by, axis=1) for by in zip(*slopes, strict=True))
    return log_volume[:, 0], by_mean, by_sd


def log_expected_reach(
    mean: Array, sd: Array, reference: Array, direction: Array, best: float
) -> Array:
    """Log (k,) of the expected improvement of a hypervolume scalarisation.

    From the reference, losses y (m,) reach min_j (reference_j - y_j) / direction_j along a
    direction. The mean of that over all directions is, but for an exponent, the hypervolume.

    Args:
        mean: (k, m) of independent normal objectives; smaller is better.
        sd: (k, m).
        reference: (m,).
        direction: (m,) positive.
        best: The furthest that other points reach.

    Source: Golovin & Zhang 2020 (the scalarisation); its expected improvement is the integral, from
    `best` on, of the probability to reach so far, here by Gauss-Legendre.
    """
    return _log_sum(_reach(mean, sd, reference, direction, best)[2])[:, 0]


def log_expected_reach_by(
    mean: Array, sd: Array, reference: Array, direction: Array, best: float
) -> tuple[Array, Array, Array]:
    """`log_expected_reach`, and its derivatives (k, m) by mean and by sd."""
    z, log_p, log_part = _reach(mean, sd, reference, direction, best)
    log_reach = _log_sum(log_part)
    share = np.exp(log_part[:, 1:] - log_reach)[:, :, None]
    by_mean = -share * np.exp(np.minimum(-0.5 * z * z - _LOG_SQRT_2PI - log_p, 700.0)) / sd[:, None]
    return log_reach[:, 0], by_mean.sum(axis=1), (z * by_mean).sum(axis=1)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


def _reach(
    mean: Array, sd: Array, reference: Array, direction: Array, best: float
) -> tuple[Array, Array, Array]:
    """The integral of `log_expected_reach`, cut into parts.

    Returns:
        z (k, t, m) of each objective at t nodes; log Phi(z), of the same shape; and the logs of the
        parts (k, 1 + t) of the integral, the first of which is where it is all but certain that a
        point reaches so far.
    """
    z = (reference - best * direction - mean) / sd
    sure = np.maximum(sd / direction * (z - 8), 0.0).min(axis=1, keepdims=True)

    # Beyond `far` next to nothing is left of the integral.
    far = sd / direction * np.where(z > -4, z + 8, -16 / np.minimum(z, -4.0))
    half = 0.5 * (far.min(axis=1, keepdims=True) - sure)
    z = z[:, None] - (sure + half * (1 + _NODES))[:, :, None] * (direction / sd)[:, None]

    log_p = log_ndtr(z)
    log_sure = np.log(sure, out=np.full_like(sure, -np.inf), where=sure > 0)
    log_rest = log_p.sum(axis=2) + np.log(_WEIGHTS * half)
    return z, log_p, np.hstack([log_sure, log_rest])


class _Sides:
    """Expected gain of b boxes along one objective.

    It is the difference of the expected improvements over the two ends of a box. Ends that boxes
    share are computed once.

    Attributes:
        log_gain: (k, b) log of the gain.
    """

    def __init__(self, mean: Array, sd: Array, low: Array, high: Array) -> None:
        ends, place = np.unique(np.concatenate([low, high]), return_inverse=True)
        self._low = place[: len(low)]
        self._high = place[len(low) :]

        some = np.isfinite(ends)
        self._z = np.full((len(mean), len(ends)), -np.inf)
        self._z[:, some] = (ends[some] - mean) / sd
        log_ei = np.full(self._z.shape, -np.inf)
        log_ei[:, some] = log_h(self._z[:, some]) + np.log(sd)

        # log(EI(high) - EI(low)); nothing is subtracted where a box has no lower end.
        self.log_gain = log_ei[:, self._high]
        bounded = np.flatnonzero(np.isfinite(low))
        below = log_ei[:, self._low[bounded]] - self.log_gain[:, bounded]
        self.log_gain[:, bounded] += np.log(-np.expm1(np.minimum(below, -_LEAST)))

    def slopes(self, log_share: Array) -> tuple[Array, Array]:
        """Derivatives (k,) of the log volume by mean and by sd.

        Args:
            log_share: (k, b) logs of the shares that boxes have of the volume.
        """
        weight = log_share - self.log_gain
        found = []
        for log_by in (log_ndtr(self._z), -0.5 * self._z * self._z - _LOG_SQRT_2PI):
            ends = (
                np.exp(np.minimum(weight + log_by[:, end], 700.0))
                for end in (self._high, self._low)
            )
            found.append(np.subtract(*ends).sum(axis=1))
        return -found[0], found[1]


def _log_sum(a: Array) -> Array:
    """Log (k, 1) of the sum of the exponentials in each row of a (k, b)."""
    most = a.max(axis=1, keepdims=True)
    return np.asarray(most + np.log(np.exp(a - most).sum(axis=1, keepdims=True)))
