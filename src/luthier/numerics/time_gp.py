"""A Gaussian process whose function drifts with time, and the upper confidence bound on it.

Notation: n observations y (n,) at points Z (n, d) and times t (n,); D (n, m) are squared distances
of points, T (n, m) differences of times. theta (4,) is log v, log l, epsilon and the logarithm of
the noise variance. L is the lower Cholesky factor of K + noise · I, and alpha = (K + noise · I)⁻¹
y. A name that ends in `_by` is a derivative.
"""

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


def standardise_and_clip(y: Array, bound: float = 2.0) -> Array:
    """Shift and scale y (n,) to mean 0 and standard deviation 1, then cut it off at ± bound."""
    return np.asarray(np.clip((y - y.mean()) / (y.std() + 1e-8), -bound, bound))


def differences(t: Array, Z: Array, other_t: Array, other_Z: Array) -> tuple[Array, Array]:
    """Squared distances (n, m) of points, and their distances (n, m) in time."""
    D: Array = np.square(Z[:, None] - other_Z).sum(axis=2)
    return D, np.abs(t[:, None] - other_t)


def kernel(theta: Array, D: Array, T: Array) -> Array:
    """Covariance v · exp(-d² / l) · (1 - epsilon)^(|dt| / 2).

    Args:
        theta: (4,) log v, log l, epsilon, and the logarithm of the noise variance, which is left
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
    K = kernel(theta, D, T)
    noise = math.exp(theta[3])
    try:
        L = cholesky(K + noise * np.eye(len(y)))
    except np.linalg.LinAlgError:
        return 1e25, np.zeros(4)
    alpha, _ = lapack.dpotrs(L.T, y, lower=0)
    value = 0.5 * float(y @ alpha) + float(np.log(L.diagonal()).sum())  # eq. 5.8

    # Eq. 5.9: half the trace of W dK, where W = K⁻¹ - alpha alphaᵀ.
    upper, _ = lapack.dpotri(L.T, lower=0)
    W = np.triu(upper) + np.triu(upper, 1).T - np.outer(alpha, alpha)
    WK = W * K
    gradient = [
        WK.sum(),
        (WK * D).sum() / math.exp(theta[1]),
        -(WK * T).sum() / (2 * (1 - theta[2])),
    ]
    return value, 0.5 * np.array([*gradient, noise * np.trace(W)])


def fit(t: Array, Z: Array, y: Array) -> Array:
    """Most likely theta (4,) that L-BFGS finds from v = 1, l = 1 and epsilon = 0.1.

    The bounds are 0.05 to 20 for v, 0.01 to 1 for l, 0 to 0.5 for epsilon and 1e-3 to 1 for the
    noise variance.

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
        t: (n,) times of the observations.
        Z: (n, d) points of the observations.
    """

    theta: Array
    t: Array
    Z: Array
    _L: Array  # (n, n) Cholesky factor of their covariance, lower
    _alpha: Array  # (n,)

    @classmethod
    def of(cls, theta: Array, t: Array, Z: Array, y: Array) -> Process:
        """Condition on y (n,) at points Z (n, d) and times t (n,).

        Raises:
            numpy.linalg.LinAlgError: The covariance is not positive definite; see `gp.cholesky`.
        """
        K = kernel(theta, *differences(t, Z, t, Z))
        L = cholesky(K + math.exp(theta[3]) * np.eye(len(y)))
        return cls(theta, t, Z, L, lapack.dpotrs(L.T, y, lower=0)[0])

    def predict(self, t: float, z: Array) -> tuple[float, float, Array, Array]:
        """Mean and variance of the noise-free function at a time and a point, and their slopes.

        The slopes (d,) are by the coordinates of the point (d,). The variance is 1e-12 at least.

        Source: Rasmussen & Williams 2006, eqs. 2.25 and 2.26.
        """
        k = kernel(self.theta, *differences(np.array([t]), z[None], self.t, self.Z))[0]
        by = k[:, None] * (-2 / math.exp(self.theta[1])) * (z - self.Z)
        w, _ = lapack.dpotrs(self._L.T, k, lower=0)
        variance = max(math.exp(self.theta[0]) - float(k @ w), 1e-12)
        return float(k @ self._alpha), variance, self._alpha @ by, -2 * (w @ by)


def confidence(n: int) -> float:
    """Number of standard deviations that are added to the mean after n observations.

    It is the square root of 0.2 · log(0.4 n).

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
        expected: Gives the standard deviation: it is conditioned on pending points too.
        t: The time.
        fixed: (f,) The first coordinates of the points, which are given.
        d: Number of free coordinates.
        beta: Weight of the standard deviation.
        rng: Draws the starts of L-BFGS.
        n_starts: Number of starts.
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
