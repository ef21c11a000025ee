"""Acquisition functions: what a trial is expected to bring."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

Array = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_SQRT_HALF = math.sqrt(0.5)


def log_h(z: Array) -> Array:
    """The log of phi(z) + z Phi(z), exact to rounding for any z, however far in the tail.

    Source: Ament 2023, eq. 9.
    """
    out = np.empty_like(z)
    far = z < -1.0
    near = z[~far]
    out[~far] = np.log(np.exp(-0.5 * near * near - _LOG_SQRT_2PI) + near * np.exp(log_ndtr(near)))
    t = z[far]
    # phi(z) (1 + z Phi(z)/phi(z)), where Phi(z)/phi(z) = sqrt(pi/2) erfcx(-z/sqrt 2)
    tail = 1 + t * math.sqrt(math.pi / 2) * erfcx(-t * _SQRT_HALF)
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
