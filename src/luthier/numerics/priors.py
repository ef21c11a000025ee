"""Prior beliefs of users about where the optimum lies, as densities relative to uniform.

A share of every belief is uniform, so that a wrong one can be overcome.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from ..typing import Array
from .normal import sample_truncnorm, truncnorm_mass

DOUBT = 0.05  # share of a belief that is uniform
# Beyond these a normal on [0, 1] is a point or uniform, and its squares might overflow.
_SIGMAS = (1e-6, 1e6)


@lru_cache(maxsize=1024)
def _mass_inside(mu: float, sigma: float) -> float:
    """Return the mass of a normal on [0, 1]."""
    return float(truncnorm_mass(mu, sigma, 0.0, 1.0))


def log_density(u: ArrayLike, mu: float, sigma: float) -> Array:
    """Log-density of a normal truncated to [0, 1], less `DOUBT`, at points u of any shape."""
    sigma = min(max(sigma, _SIGMAS[0]), _SIGMAS[1])
    peak = 1.0 / (sigma * math.sqrt(2 * math.pi) * _mass_inside(mu, sigma))
    return np.asarray(
        np.log((1 - DOUBT) * peak * np.exp(-0.5 * ((np.asarray(u) - mu) / sigma) ** 2) + DOUBT)
    )


def log_cell_density(low: Array, high: Array, mu: float, sigma: float) -> Array:
    """Log of the mean density over each of the cells [low, high] of [0, 1]; see `log_density`."""
    sigma = min(max(sigma, _SIGMAS[0]), _SIGMAS[1])
    share = truncnorm_mass(mu, sigma, low, high) / _mass_inside(mu, sigma)
    return np.asarray(np.log((1 - DOUBT) * share / (high - low) + DOUBT))


def draws(rng: np.random.Generator, n: int, mu: float, sigma: float) -> Array:
    """Draw n points (n,) of [0, 1] with the density of `log_density`."""
    sigma = min(max(sigma, _SIGMAS[0]), _SIGMAS[1])
    normal = sample_truncnorm(rng, np.full(n, mu), np.full(n, sigma))
    return np.where(rng.random(n) < DOUBT, rng.random(n), normal)


def shares(weights: ArrayLike) -> Array:
    """Probabilities (k,) of choices with relative weights (k,), less `DOUBT`.

    At least one of the weights must be positive.
    """
    w = np.asarray(weights, dtype=np.float64)
    w = w / w.max()
    return np.asarray((1 - DOUBT) * w / w.sum() + DOUBT / len(w))


def fit(u: Array, deviation: float = 0.25) -> tuple[float, float]:
    """Fit the mean and the standard deviation of a belief to points of [0, 1].

    The variance is that of the points about their mean, to which one more observation with the
    usual deviation is added: ((n - 1) s^2 + deviation^2) / n. One point alone gives the usual one.

    Args:
        u: (n,) points, at least one.
        deviation: The usual standard deviation.
    """
    n = len(u)
    spread = float(np.sum((u - u.mean()) ** 2))
    return float(u.mean()), math.sqrt((spread + deviation**2) / n)
