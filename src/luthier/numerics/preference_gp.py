"""Gaussian process of a utility of which only comparisons are known: which of two points is better.

Notation: m points, k comparisons. A (k, m) has 1 at the better point of a comparison and -1 at the
worse one. The prior covariance of the utilities f at the points is K; that of their differences
g = A f is G = A K Aᵀ. The probability that the first of two is called better is Phi(g), so that
utilities are in units of what people are unsure of. The posterior of g is approximated by a normal
one at its mode (Laplace), as in binary classification all of whose labels are 1.

Source: Chu & Ghahramani 2005; Rasmussen & Williams 2006, algorithms 3.1 and 3.2, on differences.
Deviation: two points that are called equal count as half a comparison either way.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

from ..typing import Array, Index
from .gp import Inputs, Posterior, Prior, matern, squared_differences
from .normal import ndtr

_MAX_STEPS = 50  # of Newton's method, which needs about six
_CLOSE = 1e-8  # between two steps, once the mode is found
_FAR = -30.0  # where Phi is so small that its log is taken from its asymptote
_BOUNDS = (-9.0, 7.0)  # of the log of a scale
_SIGNAL_BOUNDS = (-3.0, 6.0)  # of the log of the utility's variance
_SIGNAL = (1.5, 1.0)  # its mean and standard deviation before any comparison
_MAX_ITERATIONS = 20  # of L-BFGS
_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


class Comparisons(NamedTuple):
    """Which of two points is better.

    Attributes:
        better: (k,) index of the better point.
        worse: (k,) index of the other one.
        weight: (k,) how much each counts; 1, or less.
    """

    better: Index
    worse: Index
    weight: Array

    @classmethod
    def of(cls, better: Index, worse: Index, equal: Array) -> Comparisons:
        """Comparisons of which some (k,) found both points equal."""
        same = np.flatnonzero(equal)
        return cls(
            np.concatenate([better, worse[same]]),
            np.concatenate([worse, better[same]]),
            np.concatenate([np.where(equal, 0.5, 1.0), np.full(len(same), 0.5)]),
        )

    def between(self, K: Array) -> Array:
        """G (k, k), the covariance of the differences, where the points have K (m, m)."""
        rows = K[self.better] - K[self.worse]
        return np.asarray(rows[:, self.better] - rows[:, self.worse])

    def spread(self, by_difference: Array, m: int) -> Array:
        """Aᵀ times something (k, ...) of each comparison, (m, ...) for the points."""
        found = np.zeros((m, *by_difference.shape[1:]))
        np.add.at(found, self.better, by_difference)
        np.subtract.at(found, self.worse, by_difference)
        return found


class _Mode(NamedTuple):
    """Where the posterior of the differences is largest.

    Attributes:
        a: (k,) so that the differences there are G a.
        root: (k,) square root of the curvature W of the log-likelihood.
        L: (k, k) lower Cholesky factor of I + root G root.
        log_evidence: The log of the probability of the comparisons, as far as Laplace knows it.
        g: (k,) the differences.
    """

    a: Array
    root: Array
    L: Array
    log_evidence: float
    g: Array


def log_ndtr(z: Array) -> tuple[Array, Array]:
    """Log Phi(z), and its derivative phi(z) / Phi(z), both of any shape."""
    near = np.maximum(z, _FAR)
    log_phi = -0.5 * z * z - _LOG_SQRT_2PI
    log_mass = np.where(z > _FAR, np.log(ndtr(near)), log_phi - np.log(np.maximum(-z, 1.0)))
    return log_mass, np.exp(log_phi - log_mass)


def find_mode(G: Array, weight: Array, start: Array | None = None) -> _Mode:
    """The mode of the differences (k,) whose prior covariance is G, and Laplace's evidence.

    Args:
        G: (k, k).
        weight: (k,) of the comparisons.
        start: (k,) differences that are near the mode; None for 0.
    """
    k = len(G)
    g = np.zeros(k) if start is None else start
    identity = np.eye(k)
    for _ in range(_MAX_STEPS):
        _, ratio = log_ndtr(g)
        W = weight * ratio * (ratio + g)
        root = np.sqrt(np.maximum(W, 0.0))
        L, _ = lapack.dpotrf(identity + root[:, None] * G * root, lower=1)
        b = W * g + weight * ratio
        a = b - root * lapack.dpotrs(L, root * (G @ b), lower=1)[0]
        new = G @ a
        step = np.abs(new - g).max(initial=0.0)
        g = new
        if step < _CLOSE:
            break
    log_mass, _ = log_ndtr(g)
    evidence = float(weight @ log_mass) - 0.5 * float(a @ g) - float(np.log(L.diagonal()).sum())
    return _Mode(a, root, L, evidence, g)


def fit_preferences(Z: Inputs, found: Comparisons, prior: Prior) -> Array:
    """Theta (d + 1,) at the mode of its posterior: the logs of rho (d,) and of the variance.

    Args:
        Z: m points.
        found: The comparisons of them.
        prior: Of the scales.
    """
    D = squared_differences(Z)
    d = len(D)

    near: Array | None = None  # the mode at the scales before

    def negative(theta: Array) -> float:
        nonlocal near
        mode = find_mode(found.between(_covariance(theta, D, Z.n)), found.weight, near)
        near = mode.g
        penalty, _ = prior.penalty(np.append(theta, 0.0), d)
        return penalty - mode.log_evidence

    theta, *_ = fmin_l_bfgs_b(
        negative,
        np.array([prior.rho[0]] * d + [_SIGNAL[0]]),
        approx_grad=True,
        epsilon=1e-4,
        bounds=[_BOUNDS] * d + [_SIGNAL_BOUNDS],
        maxiter=_MAX_ITERATIONS,
        factr=1e10,
    )
    return np.asarray(theta)


def preference_prior(rho: tuple[float, float, float]) -> Prior:
    """The prior of theta, where the scales have this one; see `Prior`."""
    return Prior(rho=rho, signal=_SIGNAL)


def condition_on(theta: Array, Z: Inputs, found: Comparisons) -> Posterior:
    """The process of the utility, given comparisons.

    Args:
        theta: (d + 1,) from `fit_preferences`.
        Z: m points.
        found: The comparisons of them.
    """
    m = Z.n
    mode = find_mode(found.between(_covariance(theta, squared_differences(Z), m)), found.weight)
    # With C = Aᵀ root L⁻ᵀ (m, k), the covariance of the utilities is lowered by K C Cᵀ K. A
    # factor R (m, m) with Rᵀ R = C Cᵀ takes the place of that of a regression.
    C = found.spread(mode.root[:, None] * lapack.dtrtri(mode.L, lower=1)[0].T, m)
    R = np.zeros((m, m))
    triangle = np.linalg.qr(C.T, mode="r")
    R[: len(triangle)] = triangle
    return Posterior.given(theta, Z, found.spread(mode.a, m), R)


def _covariance(theta: Array, D: Array, m: int) -> Array:
    """K (m, m) of points with squared differences D (d, m(m-1)/2)."""
    K = np.zeros((m, m))
    K[np.tril_indices(m, -1)] = math.exp(theta[-1]) * matern(np.exp(theta[:-1]) @ D)
    K += K.T
    K.reshape(-1)[:: m + 1] = math.exp(theta[-1])
    return K
