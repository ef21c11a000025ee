"""A Gaussian process whose function drifts with time, and the upper confidence bound on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

from ..typing import Array
from .gp import cholesky

_START = np.array([0.0, 0.0, 0.1, math.log(0.1)])
_BOUNDS = [(math.log(0.05), math.log(20)), (math.log(0.01), 0.0), (0.0, 0.5), (math.log(1e-3), 0.0)]


def standardise_clipped(y: Array, bound: float = 2.0) -> Array:
    """Y (n,) with mean 0 and standard deviation 1, cut off at ± bound."""
    return np.asarray(np.clip((y - y.mean()) / (y.std() + 1e-8), -bound, bound))


def differences(t: Array, Z: Array, other_t: Array, other_Z: Array) -> tuple[Array, Array]:
    """(n, m) squared distances of points, and how far apart they are in time."""
    D: Array = np.square(Z[:, None] - other_Z).sum(axis=2)
    return D, np.abs(t[:, None] - other_t)


def kernel(theta: Array, D: Array, T: Array) -> Array:
    """Covariance v · exp(-d² / l) · (1 - epsilon)^(|dt| / 2).

    Args:
        theta: (4,) log v, log l, epsilon, and the logarithm of the variance of noise, which is left
            out here.
        D: Squared distances d².
        T: Differences in time |dt|.

    Source: Parker-Holder 2020, eq. 6, after Bogunovic 2016.
    """
    return np.asarray(np.exp(theta[0] - D / math.exp(theta[1]) + T * (math.log1p(-theta[2]) / 2)))


def neg_log_likelihood(theta: Array, D: Array, T: Array, y: Array) -> tuple[float, Array]:
    """-log p(y | theta) up to a constant, and its gradient (4,).

    Args:
        theta: As for `kernel`.
        D: (n, n) squared distances.
        T: (n, n) differences in time.
        y: (n,) standardised.

    Source: Rasmussen & Williams 2006, eqs. 5.8 and 5.9.
    """
    K, noise = kernel(theta, D, T), math.exp(theta[3])
    try:
        L = cholesky(K + noise * np.eye(len(y)))
    except np.linalg.LinAlgError:
        return 1e25, np.zeros(4)
    alpha, _ = lapack.dpotrs(L.T, y, lower=0)
    upper, _ = lapack.dpotri(L.T, lower=0)
    W = np.triu(upper) + np.triu(upper, 1).T - np.outer(alpha, alpha)
    WK = W * K
    gradient = [
        WK.sum(),
        (WK * D).sum() / math.exp(theta[1]),
        -(WK * T).sum() / (2 * (1 - theta[2])),
    ]
    value = 0.5 * float(y @ alpha) + float(np.log(L.diagonal()).sum())
    return value, 0.5 * np.array([*gradient, noise * np.trace(W)])


def fit(t: Array, Z: Array, y: Array) -> Array:
    """The most likely theta, as L-BFGS finds it from v = 1, l = 1, epsilon = 0.1.

    L is at most 1, epsilon 0.5.

    Args:
        t: (n,) times.
        Z: (n, d) points.
        y: (n,) standardised.
    """
    D, T = differences(t, Z, t, Z)
    return np.asarray(
        fmin_l_bfgs_b(neg_log_likelihood, _START, args=(D, T, y), bounds=_BOUNDS, maxiter=50)[0]
    )


@dataclass(slots=True)
class Process:
    """A process conditioned on observations.

    Attributes:
        theta: As for `kernel`.
        t: (n,) when they were made.
        Z: (n, d) where.
    """

    theta: Array
    t: Array
    Z: Array
    _L: Array  # (n, n) Cholesky factor of their covariance, lower
    _alpha: Array  # (n,)

    @classmethod
    def of(cls, theta: Array, t: Array, Z: Array, y: Array) -> Process:
        """Conditioned on y (n,)."""
        L = cholesky(kernel(theta, *differences(t, Z, t, Z)) + math.exp(theta[3]) * np.eye(len(y)))
        return cls(theta, t, Z, L, lapack.dpotrs(L.T, y, lower=0)[0])

    def predict(self, t: float, z: Array) -> tuple[float, float, Array, Array]:
        """Mean and variance of the noise-free function at a time and a point (d,), and their slopes (d,) by the point.

        The variance is 1e-12 at least.
        """
        k = kernel(self.theta, *differences(np.array([t]), z[None], self.t, self.Z))[0]
        by = k[:, None] * (-2 / math.exp(self.theta[1])) * (z - self.Z)
        w, _ = lapack.dpotrs(self._L.T, k, lower=0)
        variance = max(math.exp(self.theta[0]) - float(k @ w), 1e-12)
        return float(k @ self._alpha), variance, self._alpha @ by, -2 * (w @ by)


def confidence(n: int) -> float:
    """How many standard deviations are added to the mean after n observations.

    The root of 0.2 · log(0.4 n).

    Source: Parker-Holder 2020 with the constants of its code.
    """
    return math.sqrt(0.2 * max(0.0, math.log(0.4 * max(n, 1))))


def best_bounds(
    known: Process,
    expected: Process,
    t: float,
    fixed: Array,
    d: int,
    beta: float,
    rng: np.random.Generator,
    n_starts: int = 10,
) -> Array:
    """Local maxima (n_starts, d) of mean + beta · sd over the unit cube, the best first.

    Args:
        known: Gives the mean.
        expected: Gives the sd: it has been told of pending points too.
        t: The time.
        fixed: (f,) The first coordinates of the points, which are given.
        d: How many coordinates are free.
        beta: How much the sd counts.
        rng: Draws where L-BFGS starts.
        n_starts: How often it starts.
    """
    f = len(fixed)

    def negative(x: Array) -> tuple[float, Array]:
        z = np.concatenate([fixed, x])
        mean, _, mean_by, _ = known.predict(t, z)
        _, variance, _, variance_by = expected.predict(t, z)
        sd = math.sqrt(variance)
        return -(mean + beta * sd), -(mean_by[f:] + beta * variance_by[f:] / (2 * sd))

    found = [
        fmin_l_bfgs_b(negative, x, bounds=[(0, 1)] * d, maxiter=200)[:2]
        for x in rng.random((n_starts, d))
    ]
    return np.array([x for x, _ in sorted(found, key=lambda one: float(one[1]))])
