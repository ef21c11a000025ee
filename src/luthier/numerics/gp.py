"""Gaussian-process regression.

A Matérn-5/2 kernel over numbers and categories, fitted to the posterior mode.

Notation: n points of p numbers N and q categories C, d = p + q; losses y (n,). The kernel is
k(x, x') = signal · matern(r²) with r² = Σ_j rho_j · D_j, where D_j is the squared difference of
numbers, or 1 where categories differ, and rho_j = 1 / lengthscale_j². K = k(X, X) + noise · I is
the covariance of the observations, L its lower Cholesky factor, R = L⁻¹ and alpha = K⁻¹ y.
theta holds the logarithms of all hyperparameters: rho (d), signal, noise, and what is optional.
A name that ends in `_by` is a derivative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

from ..typing import Array, Index, Mask

# Shares of the variance that are added to the diagonal in turn until a Cholesky succeeds.
_JITTERS = (0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


class Inputs(NamedTuple):
    """Points as the kernel sees them.

    Attributes:
        N: (n, p) numbers.
        C: (n, q) categories as whole numbers.
    """

    N: Array
    C: Array

    @property
    def n(self) -> int:
        """Number of points."""
        return len(self.N)

    def rows(self, first: int, stop: int) -> Inputs:
        """The points from `first` up to, but without, `stop`."""
        return Inputs(self.N[first:stop], self.C[first:stop])


class Uneven(NamedTuple):
    """Observations of which some are noisier than others.

    Attributes:
        group: (n,) 0, 1, ...; the variances of group g have an unknown factor in common, those of
            the last group none.
        variance: (n,) beside the noise of all; before the factor.
        n_groups: How many groups there are, the last included.
    """

    group: Index
    variance: Array
    n_groups: int

    def scale(self, log_factors: Array) -> Array:
        """(n,) variances, given the logarithms of the factors (n_groups - 1,)."""
        return np.asarray(np.append(np.exp(log_factors), 0.0)[self.group] * self.variance)

    def factor_slopes(self, by: Array) -> Array:
        """Derivatives (n_groups - 1,) by the log factors.

        Args:
            by: (n,) derivatives by the logarithms of the variances.
        """
        return np.asarray(np.bincount(self.group, by, self.n_groups)[:-1], dtype=np.float64)


class Prior(NamedTuple):
    """Density of the hyperparameters before any data.

    Attributes:
        rho: Mean of log(1 / lengthscale^2), standard deviations of what dimensions share and of
            what each has alone.
        signal: Mean and standard deviation of the logarithm of the process's variance.
        noise: Shape and rate of the Gamma density of an observation's variance.
        shape: Mean and standard deviation of the logarithm of either parameter of an input's warp,
            or of the factors of uneven noise.
    """

    rho: tuple[float, float, float]
    signal: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (1.1, 20.0)
    shape: tuple[float, float] = (0.0, 0.75)

    def penalty(self, theta: Array, d: int) -> tuple[float, Array]:
        """-log p(theta) up to a constant, and its gradient."""
        mean, common, alone = self.rho

        # Lengthscales: normal with covariance alone² I + common² 11ᵀ, inverted in closed form.
        z = theta[:d] - mean
        z_by = (z - z.sum() * common**2 / (alone**2 + d * common**2)) / alone**2

        # Signal and shapes are log-normal, the noise is Gamma.
        s = (theta[d] - self.signal[0]) / self.signal[1]
        w = (theta[d + 2 :] - self.shape[0]) / self.shape[1]
        k, rate = self.noise
        noise = math.exp(theta[d + 1])

        value = (
            0.5 * (float(z @ z_by) + s * s + float(w @ w)) + rate * noise - (k - 1) * theta[d + 1]
        )
        return value, np.concatenate(
            [z_by, [s / self.signal[1], rate * noise - (k - 1)], w / self.shape[1]]
        )


def kumaraswamy(N: Array, shapes: Array) -> tuple[Array, Array]:
    """The warp w = 1 - (1 - x^a)^b of numbers, and its derivative dw/dx, both (n, p).

    Args:
        N: (n, p) numbers x in [0, 1].
        shapes: (2 p,) log a of all numbers, then log b.

    Source: Snoek 2014.
    """
    a, b = np.exp(shapes.reshape(2, -1))
    x = np.clip(N, 1e-6, 1 - 1e-6)
    rest = 1 - x**a
    return 1 - rest**b, a * b * x ** (a - 1) * rest ** (b - 1)


def _kumaraswamy_by(N: Array, shapes: Array, by: Array) -> Array:
    """(2 p,) the derivatives by log a and log b of a function with derivatives `by` (n, p) by w."""
    a, b = np.exp(shapes.reshape(2, -1))
    x = np.clip(N, 1e-6, 1 - 1e-6)
    power = x**a
    rest = 1 - power
    by_a = a * b * rest ** (b - 1) * power * np.log(x)
    by_b = -b * rest**b * np.log(rest)
    return np.concatenate([(by * by_a).sum(axis=0), (by * by_b).sum(axis=0)])


def squared_differences(Z: Inputs, groups: Index | None = None) -> Array:
    """Squared differences (p + q, n(n-1)/2) of all pairs of points, 1 where categories differ.

    Pairs are in the order of `numpy.tril_indices`.

    Args:
        Z: n points.
        groups: (p + q,) see `spread`; the differences of a group are summed, so that there is a row
            for each group. None where each column is its own.
    """
    i, k = np.tril_indices(Z.n, -1)
    if groups is not None:
        return np.stack(
            [_grouped_differences(Z, groups == g)[i, k] for g in range(max(groups) + 1)]
        )
    D = np.empty((Z.N.shape[1] + Z.C.shape[1], len(i)))
    np.subtract(Z.N.T[:, i], Z.N.T[:, k], out=D[: Z.N.shape[1]])
    np.square(D[: Z.N.shape[1]], out=D[: Z.N.shape[1]])
    np.not_equal(Z.C.T[:, i], Z.C.T[:, k], out=D[Z.N.shape[1] :])
    return D


def _grouped_differences(Z: Inputs, chosen: Mask) -> Array:
    """Squared differences (n, n) of all pairs of points, summed over chosen columns (p + q,)."""
    p = Z.N.shape[1]
    N = Z.N[:, chosen[:p]]
    C = Z.C[:, chosen[p:]]
    squares = np.einsum("ij,ij->i", N, N)
    D = np.maximum(squares[:, None] + squares - 2 * N @ N.T, 0.0)
    for column in C.T:
        D += column[:, None] != column
    return np.asarray(D)


def spread(theta: Array, groups: Index | None) -> Array:
    """Return hyperparameters with a log rho for each column, from those with one for each group.

    Args:
        theta: (g + h,) log rho of g groups, then h others.
        groups: (p + q,) 0, 1, ... the group of each column; -1 for those that the kernel does not
            see. None where each column is its own.
    """
    if groups is None:
        return theta
    n_groups = int(max(groups)) + 1
    rho = np.where(groups < 0, -np.inf, theta[:n_groups][groups])
    return np.concatenate([rho, theta[n_groups:]])


def matern(r2: Array) -> Array:
    """Matérn-5/2 at variance 1 of squared scaled distances, which it overwrites.

    Source: Rasmussen & Williams 2006, eq. 4.17: (1 + √5 r + 5 r² / 3) exp(-√5 r).
    """
    r = np.sqrt(np.multiply(r2, 5, out=r2), out=r2)
    k = r * (1 / 3)
    k += 1
    k *= r
    k += 1
    k *= np.exp(np.negative(r, out=r), out=r)
    return k


def matern_slope(r2: Array) -> tuple[Array, Array]:
    """`matern`, and its derivative by the squared distance."""
    r = np.sqrt(np.multiply(r2, 5, out=r2), out=r2)
    e = np.exp(-r)
    slope = (1 + r) * e
    k = slope + r * r * e * (1 / 3)
    slope *= -5 / 6
    return k, slope


def cholesky(K: Array) -> Array:
    """Lower Cholesky factor (n, n) of a covariance matrix.

    Where it is not positive definite to rounding, the least of `_JITTERS` that helps is added to
    its diagonal.

    Raises:
        numpy.linalg.LinAlgError: Not even a thousandth of its largest variance was enough.
    """
    scale = float(K.diagonal().max())
    for jitter in _JITTERS:
        U, info = lapack.dpotrf(
            (K if jitter == 0 else K + jitter * scale * np.eye(len(K))).T, lower=0, clean=1
        )
        if info == 0:
            return np.asarray(U.T)
    raise np.linalg.LinAlgError(f"a covariance matrix of {len(K)} points is not positive definite")


def neg_log_posterior(
    theta: Array,
    D: Array,
    y: Array,
    prior: Prior,
    N: Array | None = None,
    uneven: Uneven | None = None,
) -> tuple[float, Array]:
    """-log p(y, theta) up to a constant, and its gradient.

    Args:
        theta: (d + 2,) logarithms of rho, signal and noise; then the shapes of the warps of p
            numbers (2 p,), or the factors of uneven noise.
        D: (d, n(n-1)/2) from `squared_differences`; where inputs are warped, of the categories only
            (the last rows).
        y: (n,) standardised.
        prior: Of theta.
        N: (n, p) numbers to be warped; None where inputs are not.
        uneven: Of the observations; None where their noise is the same, and wherever inputs are
            warped.

    Source: Rasmussen & Williams 2006, eqs. 5.8 and 5.9, on the packed lower triangle.
    """
    n = len(y)
    low = lower_positions(n)
    if N is not None:
        p = N.shape[1]
        warped, _ = kumaraswamy(N, theta[-2 * p :])
        D = np.concatenate([squared_differences(Inputs(warped, np.empty((n, 0)))), D])
    d = len(D)
    rho = np.exp(theta[:d])
    signal = math.exp(theta[d])
    noise = math.exp(theta[d + 1])

    # The covariance K, of which only the lower triangle is filled.
    k, slope = matern_slope(rho @ D)
    K = np.zeros((n, n))
    flat = K.reshape(-1)
    flat[low] = signal * k
    extra = np.zeros(n) if uneven is None else uneven.scale(theta[d + 2 :])
    flat[:: n + 1] = signal + noise + extra

    found = neg_log_likelihood(K, y, low)
    if found is None:
        return 1e25, np.zeros(len(theta))
    value, W, by_variance = found
    trace = float(by_variance.sum())
    gradient = np.empty(len(theta))
    gradient[d] = signal * (float(W @ k) + 0.5 * trace)
    gradient[:d] = (D @ np.multiply(W, slope, out=W)) * (rho * signal)
    gradient[d + 1] = 0.5 * noise * trace
    if N is not None:  # on through the warp: by the warped numbers, then by its shapes
        M = np.zeros((n, n))
        M.reshape(-1)[low] = W
        M += M.T
        by = 2 * signal * rho[:p] * (warped * M.sum(axis=1)[:, None] - M @ warped)
        gradient[d + 2 :] = _kumaraswamy_by(N, theta[-2 * p :], by)
    if uneven is not None:
        gradient[d + 2 :] = 0.5 * uneven.factor_slopes(by_variance * extra)

    penalty, penalty_by = prior.penalty(theta, d)
    return value + penalty, gradient + penalty_by


def neg_log_likelihood(K: Array, y: Array, low: Index) -> tuple[float, Array, Array] | None:
    """-log p(y) up to a constant, and W = K⁻¹ - alpha alphaᵀ.

    None where K is not positive definite. The gradient is half the trace of W dK. W is symmetric,
    so its strict lower triangle counts twice.

    Args:
        K: (n, n) covariance, of which only the lower triangle is filled; overwritten.
        y: (n,) observations.
        low: (n(n-1)/2,) positions of the strict lower triangle in a flattened (n, n) matrix.

    Returns:
        The value; the strict lower triangle of W (n(n-1)/2,); its diagonal (n,).

    Source: Rasmussen & Williams 2006, eqs. 5.8 and 5.9.
    """
    # LAPACK reads K by columns, so its lower triangle is the upper one here.
    U, info = lapack.dpotrf(K.T, lower=0, clean=0, overwrite_a=1)
    if info:
        return None
    alpha, _ = lapack.dpotrs(U, y, lower=0)
    value = 0.5 * float(y @ alpha) + float(np.log(U.diagonal()).sum())
    inverse, _ = lapack.dpotri(U, lower=0, overwrite_c=1)
    W = inverse.T.reshape(-1)[low] - np.outer(alpha, alpha).reshape(-1)[low]
    return value, W, inverse.diagonal() - alpha * alpha


_LOWER: dict[int, Index] = {}


def lower_positions(n: int) -> Index:
    """Positions of the strict lower triangle in a flattened (n, n) matrix."""
    if n not in _LOWER:
        if len(_LOWER) > 8:
            _LOWER.clear()
        i, k = np.tril_indices(n, -1)
        _LOWER[n] = i * n + k
    return _LOWER[n]


def fit(
    Z: Inputs,
    y: Array,
    prior: Prior,
    starts: list[Array],
    bounds: Array,
    warp: bool = False,
    uneven: Uneven | None = None,
    groups: Index | None = None,
) -> Array:
    """Hyperparameters at the mode of their posterior, the best that L-BFGS finds from the starts.

    Returns:
        theta, as long as each of the starts.

    Args:
        Z: n points.
        y: (n,) standardised.
        prior: Of the hyperparameters.
        starts: (d + 2,) each, or (d + 2 + 2 p,) where inputs are warped.
        bounds: (len(start), 2) smallest and largest.
        warp: Whether inputs are warped.
        uneven: Noise of the observations, where it is not the same.
        groups: (p + q,) columns with one lengthscale in common, see `spread`: theta has one rho for
            each group. None where each column has its own, and wherever inputs are warped.
    """
    D = squared_differences(Inputs(Z.N[:, :0], Z.C) if warp else Z, groups)
    found = [
        fmin_l_bfgs_b(
            neg_log_posterior,
            start,
            args=(D, y, prior, Z.N if warp else None, uneven),
            bounds=list(map(tuple, bounds)),
            maxiter=60,
            factr=1e9,
            pgtol=1e-2,
        )
        for start in starts
    ]
    return np.asarray(min(found, key=lambda f: float(f[1]))[0])


@dataclass(slots=True)
class Posterior:
    """A process conditioned on observations; grows a point at a time.

    Attributes:
        rho: (p + q,) inverse squared lengthscales.
        signal: Variance of the process.
        noise: Variance of an observation.
        n: Number of observations, what is only expected included.
        n_observed: Number of those that have been observed; they come first.
    """

    rho: Array
    signal: float
    noise: float
    n: int
    n_observed: int
    _shapes: Array  # (2 p,) of the warps of the numbers; empty where there are none
    # The arrays below have room for more rows than the n that are in use.
    _Z: Inputs
    _A: Array  # (n, p) numbers as warped, divided by their lengthscales
    _R: Array  # (n, n) inverse of the Cholesky factor of the covariance, lower
    _alpha: Array  # (n,)

    @classmethod
    def of(
        cls, theta: Array, Z: Inputs, y: Array, room: int = 0, uneven: Uneven | None = None
    ) -> Posterior:
        """Condition on y (n,) at n points, with room for more to be appended.

        Raises:
            numpy.linalg.LinAlgError: The covariance is not positive definite; see `cholesky`.
        """
        n, p = Z.N.shape
        q = Z.C.shape[1]
        d = p + q
        size = n + room
        rho = np.exp(theta[:d])
        signal = math.exp(theta[d])
        noise = math.exp(theta[d + 1])
        tail = theta[d + 2 :]
        shapes = tail if uneven is None else tail[:0]

        rows = Inputs(np.zeros((size, p)), np.zeros((size, q)))
        rows.N[:n] = Z.N
        rows.C[:n] = Z.C
        A = np.zeros((size, p))
        scaled = _scale_numbers(Z.N, rho, shapes)  # its memory layout decides the last digits
        A[:n] = scaled
        K = signal * matern(_squared_distances(rho, scaled, Z.C, scaled, Z.C))
        K.reshape(-1)[:: n + 1] = signal + noise + (0.0 if uneven is None else uneven.scale(tail))
        inverse, _ = lapack.dtrtri(cholesky(K).T, lower=0)
        R = np.zeros((size, size))
        R[:n, :n] = inverse.T

        posterior = cls(rho, signal, noise, n, n, shapes, rows, A, R, np.zeros(size))
        posterior.condition(y)
        return posterior

    @classmethod
    def given(cls, theta: Array, Z: Inputs, alpha: Array, R: Array) -> Posterior:
        """A process whose mean and variance at a point with covariances k (n,) are known.

        They are kᵀ alpha, and the prior's variance less |R k|².

        Args:
            theta: (d + 1,) logarithms of rho and signal.
            Z: n points.
            alpha: (n,).
            R: (n, n).
        """
        rho = np.exp(theta[:-1])
        A = _scale_numbers(Z.N, rho, theta[:0])
        return cls(rho, math.exp(theta[-1]), 0.0, Z.n, Z.n, theta[:0], Z, A, R, alpha)

    def covariance_with(self, i: int) -> Posterior:
        """A process whose mean is the covariance of this one with its value at observed point i.

        Its variance is this one's.
        """
        R = self._R[: self.n, : self.n]
        k = self.signal * matern(self._squared_distances_to(self._Z.rows(i, i + 1)))[0]
        alpha = -(R.T @ (R @ k))
        alpha[i] += 1
        return replace(self, _alpha=alpha)

    def condition(self, y: Array) -> None:
        """Take y (n,) as the observations: alpha = K⁻¹ y = Rᵀ R y."""
        R = self._R[: self.n, : self.n]
        self._alpha[: self.n] = R.T @ (R @ y)

    def left_out(self, y: Array) -> tuple[Array, Array]:
        """Mean (n,) and variance (n,) of each observation from all others, where y was observed.

        Source: Rasmussen & Williams 2006, eq. 5.12.
        """
        R = self._R[: self.n, : self.n]
        variance = 1 / np.einsum("ij,ij->j", R, R)
        return y - self._alpha[: self.n] * variance, variance

    def covariance(self, Z: Inputs, other: Inputs) -> Array:
        """(m, n) of the noise-free process at two sets of points."""
        A = self._scale_numbers(Z.N)
        B = self._scale_numbers(other.N)
        return self.signal * matern(_squared_distances(self.rho, A, Z.C, B, other.C))

    def _scale_numbers(self, N: Array) -> Array:
        return _scale_numbers(N, self.rho, self._shapes)

    def _squared_distances_to(self, Z: Inputs) -> Array:
        """(m, n) squared scaled distances to the observed points."""
        n = self.n
        B = self._scale_numbers(Z.N)
        return _squared_distances(self.rho, B, Z.C, self._A[:n], self._Z.C[:n])

    def predict(self, Z: Inputs) -> tuple[Array, Array]:
        """Mean (m,) and variance (m,) of the noise-free process.

        Source: Rasmussen & Williams 2006, eqs. 2.25 and 2.26, by way of algorithm 2.1.
        """
        n = self.n
        k = self.signal * matern(self._squared_distances_to(Z))
        w = k @ self._R[:n, :n].T
        variance = self.signal - np.einsum("ij,ij->i", w, w)
        return k @ self._alpha[:n], np.maximum(variance, 1e-12 * self.signal)

    def predict_joint(self, Z: Inputs) -> tuple[Array, Array]:
        """Mean (m,) and covariance (m, m) of the noise-free process.

        Source: Rasmussen & Williams 2006, eqs. 2.23 and 2.24.
        """
        n = self.n
        k = self.signal * matern(self._squared_distances_to(Z))
        w = k @ self._R[:n, :n].T
        return k @ self._alpha[:n], self.covariance(Z, Z) - w @ w.T

    def predict_average(self, Z: Inputs) -> tuple[float, float]:
        """Mean and variance of the average of the noise-free process over m points.

        They are the means of what `predict_joint` returns, of which the covariance is not formed.
        """
        n = self.n
        k = self.signal * matern(self._squared_distances_to(Z)).mean(axis=0)
        w = self._R[:n, :n] @ k
        variance = float(self.covariance(Z, Z).mean()) - float(w @ w)
        return float(k @ self._alpha[:n]), max(variance, 0.0)

    def gradients(self, Z: Inputs) -> tuple[Array, Array, Array, Array]:
        """`predict`, and the derivatives (m, p) of mean and variance by the numbers."""
        n, p = self.n, Z.N.shape[1]
        B = self._scale_numbers(Z.N)
        A = self._A[:n]
        R = self._R[:n, :n]
        alpha = self._alpha[:n]

        k, slope = matern_slope(_squared_distances(self.rho, B, Z.C, A, self._Z.C[:n]))
        w = (self.signal * k) @ R.T
        a = slope * alpha
        b = slope * (w @ R)

        # A scaled number B = sqrt(rho) x has dr²/dx = 2 sqrt(rho) (B - A); a warp adds its slope.
        root = 2 * self.signal * np.sqrt(self.rho[:p])
        if len(self._shapes):
            root = root * kumaraswamy(Z.N, self._shapes)[1]

        mean_by = root * (B * a.sum(axis=1)[:, None] - a @ A)
        variance_by = -2 * root * (B * b.sum(axis=1)[:, None] - b @ A)
        variance = np.maximum(self.signal - np.einsum("ij,ij->i", w, w), 1e-12 * self.signal)
        return self.signal * (k @ alpha), variance, mean_by, variance_by

    def extend(self, n_fixed: int, Z: Inputs) -> None:
        """Make its points the rows of Z, as few as possible anew.

        Points from the first that differs on are replaced; each new one is appended as in `append`.

        Args:
            n_fixed: Number of first rows that it was conditioned on, which do not change.
            Z: All points.
        """
        k = min(self.n_observed, Z.n)
        same = (self._Z.N[:k] == Z.N[:k]).all(axis=1) & (self._Z.C[:k] == Z.C[:k]).all(axis=1)
        self.n = max(n_fixed, k if same.all() else int(np.argmin(same)))
        for i in range(self.n, Z.n):
            self.append(Z.rows(i, i + 1))
        self.n_observed = self.n

    def append(self, Z: Inputs, noise: float | None = None) -> None:
        """Add one point, observed as the mean there, so that only the variance changes.

        Takes O(n²): a row is added to the Cholesky factor's inverse.

        Args:
            Z: The point. Where the room is used up, it is doubled.
            noise: Variance of the observation; None for the usual.
        """
        n = self.n
        if n == len(self._R):
            self._grow(2 * n)

        R = self._R
        k = (self.signal * matern(self._squared_distances_to(Z)))[0]
        row = R[:n, :n] @ k
        variance = self.signal + (self.noise if noise is None else noise)
        last = math.sqrt(max(variance - float(row @ row), 1e-10 * self.signal))
        R[n, :n] = -(row @ R[:n, :n]) / last
        R[n, n] = 1 / last

        self._A[n] = self._scale_numbers(Z.N)[0]
        self._Z.N[n] = Z.N[0]
        self._Z.C[n] = Z.C[0]
        self._alpha[n] = 0.0
        self.n = n + 1

    def _grow(self, size: int) -> None:
        """Make room for `size` points."""
        N, C = self._Z
        self._Z = Inputs(_enlarge(N, size, N.shape[1]), _enlarge(C, size, C.shape[1]))
        self._A = _enlarge(self._A, size, self._A.shape[1])
        self._R = _enlarge(self._R, size, size)
        self._alpha = _enlarge(self._alpha, size)


def _scale_numbers(N: Array, rho: Array, shapes: Array) -> Array:
    """Numbers (m, p) as warped, divided by their lengthscales."""
    warped = kumaraswamy(N, shapes)[0] if len(shapes) else N
    return np.asarray(warped * np.sqrt(rho[: N.shape[1]]))


def squared_distances(rho: Array, Z: Inputs, other: Inputs) -> Array:
    """(m, n) squared scaled distances of two sets of points, whose numbers are not warped.

    Args:
        rho: (p + q,) inverse squared lengthscales, of numbers and then of categories.
        Z: m points.
        other: n points.
    """
    A, B = (_scale_numbers(points.N, rho, rho[:0]) for points in (Z, other))
    return _squared_distances(rho, A, Z.C, B, other.C)


def _squared_distances(rho: Array, B: Array, C: Array, A: Array, other: Array) -> Array:
    """Squared scaled distances (m, n) of two sets of points.

    Args:
        rho: (p + q,) inverse squared lengthscales.
        B: (m, p) scaled numbers of the first set.
        C: (m, q) its categories.
        A: (n, p) scaled numbers of the second set.
        other: (n, q) its categories.
    """
    r2 = (-2 * B) @ A.T
    r2 += np.einsum("ij,ij->i", B, B)[:, None]
    r2 += np.einsum("ij,ij->i", A, A)
    for j in range(C.shape[1]):
        r2 += rho[B.shape[1] + j] * (C[:, j, None] != other[:, j])
    return np.maximum(r2, 0.0, out=r2)


def _enlarge(a: Array, *shape: int) -> Array:
    """A copy of an array in the first corner of a larger one of zeros."""
    out = np.zeros(shape)
    out[tuple(map(slice, a.shape))] = a
    return out
