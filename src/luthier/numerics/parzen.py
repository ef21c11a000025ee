"""Mixtures of product kernels over unit columns.

The densities of the tree-structured Parzen estimator.

Notation: k observations X (k, d) give kernels 1 to k, the prior is kernel 0. Numbers lie in [0, 1];
a kernel there is a normal (mu, sigma) truncated to it. Discrete numbers and choices have a table of
log-masses, with one row for the prior and one for a kernel at each value.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..typing import Array, Index
from .normal import ndtr, sample_truncnorm

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


class Axes(NamedTuple):
    """Kinds of the columns.

    Attributes:
        numeric: Columns that lie in [0, 1] without cells.
        cells: Column -> (values (k,), lower ends (k,), upper ends (k,)) of discrete numbers, all in
            [0, 1], ascending.
        choices: Column -> number of unordered choices.
    """

    numeric: Index
    cells: dict[int, tuple[Array, Array, Array]]
    choices: dict[int, int]


def bandwidth(h: float, k: int, d: int) -> float:
    """Kernel width for k observations in d dimensions, h for a single one, at most 1.

    Source: Scott 1992, eq. 6.42.
    """
    return min(h * math.pow(max(k, 1), -1.0 / (d + 4)), 1.0)


class Mixture:
    """p(x) = Σ_i w_i Π_j k_ij(x_j): one kernel for each observation, and the prior as kernel 0.

    A kernel whose observation lacks a column has the prior there. Over a conditional space this is
    a density on the tree: a parent's choice and its children are modelled together, and what two
    branches share, jointly.

    Args:
        X: (k, d) unit columns of the observations, NaN where inactive.
        weights: (k,) of the kernels, not normalised.
        axes: Kinds of the columns.
        prior_weight: Of the prior kernel.
        h: Width of a single kernel on the unit interval; see `bandwidth`.

    Attributes:
        axes: Kinds of the columns.
        weights: (k + 1,) of the kernels, which add up to 1; the prior's first.

    Source: Bergstra 2011; multivariate form of Falkner 2018; discrete cells as in Optuna.
    """

    def __init__(self, X: Array, weights: Array, axes: Axes, prior_weight: float, h: float) -> None:
        w = np.concatenate([[prior_weight], weights])
        self.axes = axes
        self.weights: Array = w / w.sum()
        self._log_w = np.log(self.weights)
        self._mu, self._sigma = _normals(X[:, axes.numeric], X.shape[1], h)
        self._kernels = _parabolas(self._mu, self._sigma)
        self._tables: dict[int, tuple[Array, Index]] = {}
        """Column to its log-mass (rows, values), and the row of each kernel."""
        for j, cells in axes.cells.items():
            self._tables[j] = _place_cells(X[:, j], cells, X.shape[1], h)
        for j, n in axes.choices.items():
            self._tables[j] = _place_choices(X[:, j], n, prior_weight)

    def log_pdf(self, X: Array) -> Array:
        """Log-density (q,) of points (q, d); columns that are NaN are left out."""
        Z = X[:, self.axes.numeric]
        there = ~np.isnan(X)
        on = there[:, self.axes.numeric].astype(np.float64)
        if not on.all():
            Z = np.where(on, Z, 0.0)
        total = np.concatenate([Z * Z, Z, on], axis=1) @ self._kernels
        total += self._log_w

        for j, (table, kernel) in self._tables.items():
            here = there[:, j]
            column = X[here, j]
            cell = (
                np.searchsorted(self.axes.cells[j][1], column, side="right") - 1
                if j in self.axes.cells
                else column
            )
            total[here] += table[:, cell.astype(np.int64)].T[:, kernel]

        # The log of a sum of exponentials, none of which overflows.
        top = total.max(axis=1)
        total -= top[:, None]
        log_p: Array = top + np.log(np.exp(total, out=total).sum(axis=1))
        return log_p

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n points (n, d), no column left out."""
        kernel = np.searchsorted(np.cumsum(self.weights), rng.random(n), side="right")
        kernel = kernel.clip(0, len(self.weights) - 1)
        X = np.empty((n, len(self.axes.numeric) + len(self._tables)))
        if len(self.axes.numeric):
            X[:, self.axes.numeric] = sample_truncnorm(rng, self._mu[kernel], self._sigma[kernel])

        # Tables: the cumulative masses of a kernel's row, inverted.
        for j, (table, rows) in self._tables.items():
            p = np.exp(table[rows[kernel]])
            c = np.cumsum(p, axis=1)
            i = (c < rng.random((n, 1)) * c[:, -1:]).sum(axis=1).clip(0, p.shape[1] - 1)
            X[:, j] = self.axes.cells[j][0][i] if j in self.axes.cells else i
        return X


def _normals(X: Array, d: int, h: float) -> tuple[Array, Array]:
    """Means and widths (k + 1, p) of the kernels in p numeric columns X (k, p) of d columns."""
    k, p = X.shape
    mu = np.full((k + 1, p), 0.5)
    sigma = np.ones((k + 1, p))
    if not X.size:
        return mu, sigma
    there = ~np.isnan(X)
    if there.all():
        mu[1:] = X
        sigma[1:] = bandwidth(h, k, d)
    else:  # the prior where a column is missing; a width counts those that have it
        widths = [bandwidth(h, int(n), d) for n in there.sum(axis=0)]
        mu[1:] = np.where(there, X, 0.5)
        sigma[1:] = np.where(there, widths, 1.0)
    return mu, sigma


def _parabolas(mu: Array, sigma: Array) -> Array:
    """Coefficients (3 p, k + 1) of x², x and 1 in the logs of normals truncated to [0, 1]."""
    mass = ndtr((1.0 - mu) / sigma) - ndtr(-mu / sigma)
    precision = 1.0 / sigma**2
    log_scale = -0.5 * mu * mu * precision - np.log(sigma * mass) - _LOG_SQRT_2PI
    return np.concatenate([-0.5 * precision, mu * precision, log_scale], axis=1).T


def _place_cells(
    x: Array, cells: tuple[Array, Array, Array], d: int, h: float
) -> tuple[Array, Index]:
    """Log-mass (rows, values) of a discrete column x (k,), and the row (k + 1,) of each kernel."""
    values, low, high = cells
    row = np.zeros(len(x) + 1, dtype=np.int64)
    row[1:] = np.where(np.isnan(x), 0, np.searchsorted(low, x, side="right"))
    width = bandwidth(h, int((row > 0).sum()), d)
    return _cell_table(values, low, high, width), row


def _place_choices(x: Array, n: int, prior_weight: float) -> tuple[Array, Index]:
    """Log-mass (rows, choices) of n choices x (k,), and the row (k + 1,) of each kernel."""
    k = len(x)
    absent = np.isnan(x)
    row = np.zeros(k + 1, dtype=np.int64)
    row[1:] = np.where(absent, 0, 1 + np.where(absent, 0, x).astype(np.int64))
    a = prior_weight / (k + 1)
    table = np.full((n + 1, n), a / (1 + n * a))
    table[np.arange(1, n + 1), np.arange(n)] = (1 + a) / (1 + n * a)
    table[0] = 1.0 / n
    return np.log(table), row


def _cell_table(values: Array, low: Array, high: Array, width: float) -> Array:
    """Log-mass (k + 1, k) of k cells: under the prior in row 0, under a kernel at value i in i + 1.

    The kernel's normal has the given width and is truncated to the cells.
    """
    mu = np.full(len(values) + 1, 0.5)
    mu[1:] = values
    sigma = np.full(len(values) + 1, width)
    sigma[0] = 1.0

    edges = np.concatenate([low, high[-1:]])
    cdf = ndtr((edges - mu[:, None]) / sigma[:, None])
    mass = np.maximum(np.diff(cdf, axis=1), 1e-300)
    table: Array = np.log(mass / mass.sum(axis=1, keepdims=True))
    return table
