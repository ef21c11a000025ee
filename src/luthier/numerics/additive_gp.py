"""Gaussian processes that expect most of a function from one column, or from two, at a time.

Such a process learns from far fewer trials how much each column matters than one that expects
everything from all columns together, and it wanders less where there are no trials.

Notation: n points of p numbers and q categories as columns V (n, d), numbers first, d = p + q. With
k_j a Matérn-5/2 kernel of column j alone and E_1 = Σ_j k_j, E_2 = Σ_{j<l} k_j k_l, the kernel is
s_1 E_1 + s_2 E_2 + s_3 k, where k is a Matérn-5/2 kernel of the mean of all squared distances.
theta (d + 4,) holds the logarithms of rho (d,) = 1 / lengthscale², of s (3,) and of the noise.

Source: Duvenaud 2011, "Additive Gaussian processes", eqs. 3 to 7. Deviation: two orders only, and
all higher ones in one kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_solve, solve_triangular
from scipy.optimize import fmin_l_bfgs_b

from ..typing import Array, Index
from .gp import cholesky, matern, matern_slope, neg_log_likelihood

_LOG_RHO = (2.0, 1.5)  # mean and standard deviation before any data
_LOG_S = (-1.0, 1.5)  # of what all columns have together in each of the three parts
_NOISE = (1.1, 20.0)  # shape and rate of a Gamma density
_RHO_BOUNDS = (-9.0, 7.0)
_S_BOUNDS = (-12.0, 4.0)
_NOISE_BOUNDS = (math.log(1e-6), 1.0)
_FIRST_STEPS = 6  # from each of two places; in 22 studies both ended at one optimum
_MOST_AT_ONCE = 500_000  # differences of points and trials, all columns together


class Process(NamedTuple):
    """A process conditioned on observations.

    Attributes:
        theta: (d + 4,) hyperparameters.
        V: (n, d) columns of the observed points.
        n_numbers: p.
        weights: (n,) of the kernel at each of them: K⁻¹ y.
        root: (n, n) lower Cholesky factor of K.
    """

    theta: Array
    V: Array
    n_numbers: int
    weights: Array
    root: Array


def squared_differences(A: Array, B: Array, n_numbers: int) -> Array:
    """Return (d, m, n) squared differences of points, 1 where categories differ."""
    D = A.T[:, :, None] - B.T[:, None, :]
    np.square(D[:n_numbers], out=D[:n_numbers])
    D[n_numbers:] = D[n_numbers:] != 0
    return D


def fit(
    V: Array, n_numbers: int, y: Array, start: Array | None = None, max_steps: int = 80
) -> Array:
    """Return hyperparameters (d + 4,) at the mode of their posterior.

    Args:
        V: (n, d) columns, numbers first.
        n_numbers: How many of them are numbers.
        y: (n,) standardised.
        start: Where the search begins; None for the better of two fixed places, with little and
            much noise, after a few steps.
        max_steps: Of the search.
    """
    d = V.shape[1]
    D, lower = _pack_differences(V, n_numbers)
    search = partial(
        fmin_l_bfgs_b,
        partial(neg_log_posterior, D=D, y=y, lower=lower, room=np.empty((2, *D.shape))),
        bounds=[_RHO_BOUNDS] * d + [_S_BOUNDS] * 3 + [_NOISE_BOUNDS],
        factr=1e9,
        pgtol=1e-2,
    )
    if start is None:
        quiet = np.concatenate([np.full(d, _LOG_RHO[0] - 1), _prior_of_s(d), [math.log(1e-3)]])
        noisy = quiet.copy()
        noisy[-1] = math.log(0.3)
        begun = [search(theta, maxiter=_FIRST_STEPS) for theta in (quiet, noisy)]
        start = min(begun, key=lambda found: float(found[1]))[0]
    return np.asarray(search(start, maxiter=max_steps)[0])


def _pack_differences(V: Array, n_numbers: int) -> tuple[Array, Index]:
    """Return `squared_differences` (d, n(n-1)/2) of all pairs of n points, and their places.

    The places (n(n-1)/2,) are those of the strict lower triangle in a flattened (n, n) matrix.
    """
    n = len(V)
    row, column = np.tril_indices(n, -1)
    D = np.subtract(V.T[:, row], V.T[:, column])
    np.square(D[:n_numbers], out=D[:n_numbers])
    D[n_numbers:] = D[n_numbers:] != 0
    return D, row * n + column


def _prior_of_s(d: int) -> Array:
    """Return the means (3,) of log s: each part has as much, however many terms it is a sum of."""
    return np.asarray(_LOG_S[0] - np.log([max(d, 1), max(d * (d - 1) / 2, 1), 1.0]))


def neg_log_posterior(
    theta: Array, D: Array, y: Array, lower: Index, room: Array | None = None
) -> tuple[float, Array]:
    """Return -log p(y, theta) up to a constant, and its gradient.

    Args:
        theta: (d + 4,) hyperparameters.
        D: (d, n(n-1)/2) squared differences of all pairs.
        y: (n,) standardised.
        lower: (n(n-1)/2,) positions of the pairs in a flattened (n, n) matrix.
        room: (2, *D.shape) memory to compute in, which a search takes once.

    Source: Rasmussen & Williams 2006, eqs. 5.8 and 5.9, on the packed lower triangle.
    """
    d, n = len(D), len(y)
    rho, s, noise = _split(theta)
    k_each, slope_each = np.empty((2, *D.shape)) if room is None else room
    E_1, squares = np.zeros((2, len(lower)))
    for j in range(d):  # one column at a time stays in the processor's cache
        k, slope_each[j] = matern_slope(rho[j] * D[j])
        k_each[j] = k
        E_1 += k
        squares += k * k
    k_all, slope_all = matern_slope(rho @ D / max(d, 1))
    E_2 = (E_1**2 - squares) / 2
    terms = _count_terms(d)

    K = np.zeros((n, n))
    flat = K.reshape(-1)
    flat[lower] = s[0] * E_1 + s[1] * E_2 + s[2] * k_all
    flat[:: n + 1] = s @ terms + noise
    found = neg_log_likelihood(K, y, lower)
    if found is None:
        return 1e25, np.zeros(len(theta))
    value, W, diagonal = found
    trace = float(diagonal.sum())
    by_s = s * (np.array([W @ E_1, W @ E_2, W @ k_all]) + 0.5 * trace * terms)
    by_each = W * (s[0] + s[1] * E_1)
    W *= s[1]
    by_rho = D @ (W * slope_all) * (s[2] / s[1] / max(d, 1))
    for j in range(d):
        slope_each[j] *= by_each - W * k_each[j]
        by_rho[j] += slope_each[j] @ D[j]
    by_rho *= rho

    z = (theta[:d] - _LOG_RHO[0]) / _LOG_RHO[1]
    w = (theta[d : d + 3] - _prior_of_s(d)) / _LOG_S[1]
    shape, rate = _NOISE
    value += 0.5 * float(z @ z + w @ w) + rate * noise - (shape - 1) * theta[-1]
    by_noise = 0.5 * noise * trace + rate * noise - (shape - 1)
    return value, np.concatenate([by_rho + z / _LOG_RHO[1], by_s + w / _LOG_S[1], [by_noise]])


def _split(theta: Array) -> tuple[Array, Array, float]:
    return np.exp(theta[:-4]), np.exp(theta[-4:-1]), math.exp(theta[-1])


class _Parts(NamedTuple):
    """What the kernel is made of, so that columns can be exchanged.

    Attributes:
        r2: (d, m, n) scaled squared distances of each column.
        k: (d, m, n) kernels of each.
    """

    r2: Array
    k: Array

    @classmethod
    def of(cls, rho: Array, D: Array) -> _Parts:
        r2 = rho[:, None, None] * D
        return cls(r2, matern(r2.copy()))

    def sums(self) -> tuple[Array, Array, Array]:
        """Return the sums (m, n) over the columns of k, of k² and of r2."""
        squares = np.einsum("imn,imn->mn", self.k, self.k)
        return np.asarray(self.k.sum(axis=0)), squares, np.asarray(self.r2.sum(axis=0))


def _sum_columns(rho: Array, D: Array) -> tuple[Array, Array, Array]:
    """Return what `_Parts.sums` does, of squared differences (d, P) whose parts nobody needs."""
    k, squares, r2 = np.zeros((3, D.shape[1]))
    for scale, differences in zip(rho, D, strict=True):  # a column stays in the processor's cache
        scaled = scale * differences
        r2 += scaled
        each = matern(scaled)
        k += each
        squares += each * each
    return k, squares, r2


def _count_terms(d: int) -> Array:
    """Return what each of the three parts is a sum of: the kernel where points are the same."""
    return np.array([d, d * (d - 1) / 2, 1.0])


def _combine(sums: Sequence[Array], s: Array, d: int) -> Array:
    k, squares, r2 = sums
    return np.asarray(s[0] * k + s[1] / 2 * (k * k - squares) + s[2] * matern(r2 / max(d, 1)))


def condition(theta: Array, V: Array, n_numbers: int, y: Array) -> tuple[Process, Array, Array]:
    """Return the process, and how each observation is predicted from all others.

    Args:
        theta: (d + 4,) hyperparameters.
        V: (n, d) columns.
        n_numbers: How many of them are numbers.
        y: (n,) standardised.

    Returns:
        The process, and the mean (n,) and the variance (n,) of each observation, left out.
    """
    n, d = V.shape
    rho, s, noise = _split(theta)
    D, lower = _pack_differences(V, n_numbers)
    K = np.zeros((n, n))
    K.reshape(-1)[lower] = _combine(_sum_columns(rho, D), s, d)
    K += K.T
    K.reshape(-1)[:: n + 1] = s @ _count_terms(d) + noise
    L = cholesky(K)
    weights = cho_solve((L, True), y)
    variance = 1 / cho_solve((L, True), np.eye(n)).diagonal()
    return Process(theta, V, n_numbers, weights, L), y - weights * variance, variance


def predict(process: Process, V: Array) -> Array:
    """Return the mean (m,) of the process at points V (m, d)."""
    return np.asarray(predict_neighbours(process, V, [])[0])


def predict_variance(process: Process, V: Array) -> Array:
    """Return the variance (m,) of the process, without noise, at points V (m, d)."""
    rho, s, _ = _split(process.theta)
    d = V.shape[1]
    parts = _Parts.of(rho, squared_differences(V, process.V, process.n_numbers))
    k = _combine(parts.sums(), s, d)
    known = solve_triangular(process.root, k.T, lower=True)
    at_most = float(s @ _count_terms(d))
    return np.asarray(np.maximum(at_most - np.einsum("nm,nm->m", known, known), 0.0))


def predict_neighbours(process: Process, V: Array, others: Sequence[Array]) -> Array:
    """Return the mean at points, and at others that differ from them in few columns.

    Only the kernels of columns that differ are computed again.

    Args:
        process: Conditioned on observations.
        V: (m, d) points.
        others: (m, d) each.

    Returns:
        (1 + len(others), m).
    """
    return np.concatenate(list(_predict_chunks(process, V, others)), axis=1)


def _predict_chunks(process: Process, V: Array, others: Sequence[Array]) -> Iterator[Array]:
    rho, s, _ = _split(process.theta)
    d = V.shape[1]
    is_number = np.arange(d) < process.n_numbers
    yield np.empty((1 + len(others), 0))  # where there are no points
    n_rows = max(_MOST_AT_ONCE // max(d * len(process.V), 1), 8)
    for first in range(0, len(V), n_rows):
        rows = slice(first, first + n_rows)
        base = V[rows]
        parts = _Parts.of(rho, squared_differences(base, process.V, process.n_numbers))
        sums = parts.sums()
        of_orders = s[0] * sums[0] + s[1] / 2 * (sums[0] ** 2 - sums[1])  # the first two parts
        of_orders = of_orders @ process.weights
        means = [of_orders + s[2] * (matern(sums[2] / max(d, 1)) @ process.weights)]
        for other in others:
            c = np.flatnonzero((other[rows] != base).any(axis=0))
            D = squared_differences(other[rows][:, c], process.V[:, c], int(is_number[c].sum()))
            new, r2 = _Parts.of(rho[c], D), sums[2]
            E_1, beyond = sums[0], of_orders
            for i, j in enumerate(c.tolist()):  # E_2 changes by k_j's change times the others' sum
                change = new.k[i] - parts.k[j]
                beside = E_1 - parts.k[j]
                beyond = beyond + (change * (s[0] + s[1] * beside)) @ process.weights
                r2 = r2 + (new.r2[i] - parts.r2[j])
                E_1 = beside + new.k[i] if i + 1 < len(c) else E_1
            r2 = np.maximum(r2 / max(d, 1), 0.0)  # rounding
            means.append(beyond + s[2] * (matern(r2) @ process.weights))
        yield np.array(means)
