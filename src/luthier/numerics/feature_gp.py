"""A Gaussian process that knows features of its points beside their places.

Notation: n points Z with T features F (n, T) each, and losses y (n,). The kernel is
k(x, x') = signal · matern(x, x') + F(x)ᵀ M F(x') + b, where M = (a / T) I + (c / T²) 1 1ᵀ. Its
second part is a linear function of the features, with weights of any sign: c is the variance of
what all weights have in common, a that of how much they differ. b is that of a constant, as the
features of the points have no mean of 0. theta (d + 3,) holds the logarithms of
rho (d,), signal, noise and a. K, R and alpha are as in `gp`. A name that ends in `_by` is a
derivative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

from ..typing import Array, Index
from .gp import (
    Inputs,
    Prior,
    cholesky,
    lower_positions,
    matern,
    matern_slope,
    neg_log_likelihood,
    squared_differences,
    squared_distances,
)

COMMON = 0.5
"""c, the variance of what the weights of all features have in common."""

CONSTANT = 1.0
"""b, the variance of a constant."""

_LOG_A = (-2.0, 1.5)  # mean and standard deviation before any data
_LOG_A_BOUNDS = (-9.0, 5.0)
_MAX_ITERATIONS = 12  # of L-BFGS, which begins near its end


def neg_log_posterior(
    theta: Array, D: Array, G: Array, common: Array, y: Array, prior: Prior
) -> tuple[float, Array]:
    """-log p(y, theta) up to a constant, and its gradient.

    Args:
        theta: (d + 3,).
        D: (d, n(n-1)/2) from `squared_differences`.
        G: (n, n) F Fᵀ / T.
        common: (n, n) what the mean of the features and the constant add to the covariance.
        y: (n,) standardised.
        prior: Of all but log a.

    Source: Rasmussen & Williams 2006, eqs. 5.8 and 5.9.
    """
    n, d = len(y), len(D)
    low = lower_positions(n)
    rho = np.exp(theta[:d])
    signal, noise, a = np.exp(theta[d:]).tolist()
    g, g_diagonal = G.reshape(-1)[low], G.diagonal()

    k, slope = matern_slope(rho @ D)
    K = np.zeros((n, n))
    flat = K.reshape(-1)
    flat[low] = signal * k + a * g + common.reshape(-1)[low]
    flat[:: n + 1] = signal + noise + a * g_diagonal + common.diagonal()
    found = neg_log_likelihood(K, y, low)
    if found is None:
        return 1e25, np.zeros(len(theta))
    value, W, by_variance = found
    trace = float(by_variance.sum())
    gradient = np.empty(d + 3)
    gradient[d] = signal * (float(W @ k) + 0.5 * trace)
    gradient[d + 1] = 0.5 * noise * trace
    gradient[d + 2] = a * (float(W @ g) + 0.5 * float(by_variance @ g_diagonal))
    gradient[:d] = (D @ (W * slope)) * (rho * signal)

    penalty, penalty_by = prior.penalty(theta[:-1], d)
    z = (theta[-1] - _LOG_A[0]) / _LOG_A[1]
    gradient[:-1] += penalty_by
    gradient[-1] += z / _LOG_A[1]
    return value + penalty + 0.5 * z * z, gradient


def fit(
    Z: Inputs,
    F: Array,
    y: Array,
    prior: Prior,
    start: Array,
    bounds: Array,
    groups: Index | None = None,
) -> Array:
    """Return theta (d + 3,) at the mode of its posterior, from the mode without features.

    Args:
        Z: n points.
        F: (n, T) their features.
        y: (n,) standardised.
        prior: Of all but log a.
        start: (d + 2,) hyperparameters of the process without features.
        bounds: (d + 2, 2) of them.
        groups: Columns with one lengthscale in common, see `gp.spread`.
    """
    mean = F.mean(axis=1)
    theta, _, _ = fmin_l_bfgs_b(
        neg_log_posterior,
        np.append(start, _LOG_A[0]),
        args=(
            squared_differences(Z, groups),
            F @ F.T / F.shape[1],
            COMMON * np.outer(mean, mean) + CONSTANT,
            y,
            prior,
        ),
        bounds=[*map(tuple, bounds), _LOG_A_BOUNDS],
        maxiter=_MAX_ITERATIONS,
        factr=1e10,
        pgtol=1e-2,
    )
    return np.asarray(theta)


class Slopes(NamedTuple):
    """A prediction at m points, and its derivatives.

    Attributes:
        mean: (m,).
        variance: (m,).
        mean_by: (m, p) by the numbers, features left as they are.
        variance_by: (m, p).
        mean_by_features: (m, T) by the features.
        variance_by_features: (m, T).
    """

    mean: Array
    variance: Array
    mean_by: Array
    variance_by: Array
    mean_by_features: Array
    variance_by_features: Array


@dataclass(slots=True)
class FeaturePosterior:
    """A process with features, conditioned on observations; grows a point at a time.

    Attributes:
        rho: (d,) inverse squared lengthscales.
        signal: Variance of the part that knows places.
        noise: Variance of an observation.
        weights: (T, T) M, the covariance of the features' weights.
    """

    rho: Array
    signal: float
    noise: float
    weights: Array
    _Z: Inputs
    _FM: Array  # (n, T) F M
    _R: Array
    _alpha: Array

    @classmethod
    def of(cls, theta: Array, Z: Inputs, F: Array, y: Array) -> FeaturePosterior:
        """Condition on y (n,) at n points with features (n, T)."""
        rho = np.exp(theta[:-3])
        signal, noise, a = np.exp(theta[-3:]).tolist()
        T = F.shape[1]
        M = a / T * np.eye(T) + COMMON / T**2
        K = signal * matern(squared_distances(rho, Z, Z)) + F @ M @ F.T + CONSTANT
        K.reshape(-1)[:: Z.n + 1] += noise
        R = np.asarray(lapack.dtrtri(cholesky(K).T, lower=0)[0].T)
        return cls(rho, signal, noise, M, Z, F @ M, R, R.T @ (R @ y))

    @property
    def n(self) -> int:
        """Number of observations, what is only expected included."""
        return len(self._alpha)

    def left_out(self, y: Array) -> tuple[Array, Array]:
        """Mean (n,) and variance (n,) of each observation from all others.

        Source: Rasmussen & Williams 2006, eq. 5.12.
        """
        variance = 1 / np.einsum("ij,ij->j", self._R, self._R)
        return y - self._alpha * variance, variance

    def share_of(self) -> Array:
        """Return (T,) the expected weight of each feature, with its sign: M Fᵀ alpha."""
        return np.asarray(self._FM.T @ self._alpha)

    def predict(self, Z: Inputs, F: Array) -> tuple[Array, Array]:
        """Mean (m,) and variance (m,) of the noise-free process at points with features (m, T)."""
        k = self.signal * matern(squared_distances(self.rho, Z, self._Z))
        k += F @ self._FM.T + CONSTANT
        w = k @ self._R.T
        variance = self._prior_variance(F) - np.einsum("ij,ij->i", w, w)
        return k @ self._alpha, np.maximum(variance, 1e-12 * self.signal)

    def _prior_variance(self, F: Array) -> Array:
        return np.asarray(self.signal + CONSTANT + np.einsum("ij,ij->i", F @ self.weights, F))

    def gradients(self, Z: Inputs, F: Array) -> Slopes:
        """`predict`, and derivatives of mean and variance at m points with features (m, T)."""
        p = Z.N.shape[1]
        k, slope = matern_slope(squared_distances(self.rho, Z, self._Z))
        k = self.signal * k + F @ self._FM.T + CONSTANT
        w = k @ self._R.T
        a = slope * self._alpha
        wR = w @ self._R
        b = slope * wR

        # dr²/dx = 2 rho (x - x')
        root = 2 * self.signal * self.rho[:p]
        mean_by = root * (Z.N * a.sum(axis=1)[:, None] - a @ self._Z.N)
        variance_by = -2 * root * (Z.N * b.sum(axis=1)[:, None] - b @ self._Z.N)
        variance = self._prior_variance(F) - np.einsum("ij,ij->i", w, w)
        return Slopes(
            mean=k @ self._alpha,
            variance=np.maximum(variance, 1e-12 * self.signal),
            mean_by=mean_by,
            variance_by=variance_by,
            mean_by_features=np.tile(self.share_of(), (Z.n, 1)),
            variance_by_features=2 * (F @ self.weights - wR @ self._FM),
        )

    def append(self, Z: Inputs, F: Array) -> None:
        """Add one point, observed as the mean there without noise: only variances change."""
        n = self.n
        k = self.signal * matern(squared_distances(self.rho, Z, self._Z))
        k = (k + F @ self._FM.T)[0] + CONSTANT
        row = self._R @ k
        rest = float(self._prior_variance(F)[0] - row @ row)
        last = math.sqrt(max(rest, 1e-10 * self.signal))
        R = np.zeros((n + 1, n + 1))
        R[:n, :n] = self._R
        R[n, :n] = -(row @ self._R) / last
        R[n, n] = 1 / last
        self._R = R
        self._Z = Inputs(np.concatenate([self._Z.N, Z.N]), np.concatenate([self._Z.C, Z.C]))
        self._FM = np.concatenate([self._FM, F @ self.weights])
        self._alpha = np.append(self._alpha, 0.0)
