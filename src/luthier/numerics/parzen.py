"""Mixtures of product kernels over unit columns.

The densities of the tree-structured Parzen estimator.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..typing import Array, Index
from .normal import ndtr, sample_truncnorm

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)


class Axes(NamedTuple):
    """What the columns are.

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
    """Kernel width for k observations in d dimensions, h for a single one. Source: Scott 1992, eq.

    6.42.
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
        axes: What the columns are.
        prior_weight: Of the prior kernel.
        h: Width of a single kernel on the unit interval; see `bandwidth`.

    Source: Bergstra 2011; multivariate form of Falkner 2018; discrete cells as in Optuna.
    """

    def __init__(self, X: Array, weights: Array, axes: Axes, prior_weight: float, h: float) -> None:
        k = len(X)
        w = np.concatenate([[prior_weight], weights])
        self.axes = axes
        self._log_w = np.log(w / w.sum())
        self._w = w / w.sum()
        absent = np.isnan(X)
        num = axes.numeric
        mu, sigma = np.full((k + 1, len(num)), 0.5), np.ones((k + 1, len(num)))
        if k and len(num):
            there = ~absent[:, num]
            if there.all():
                mu[1:], sigma[1:] = X[:, num], bandwidth(h, k, X.shape[1])
            else:
                mu[1:] = np.where(there, X[:, num], 0.5)
                sigma[1:] = np.where(
                    there, [bandwidth(h, int(n), X.shape[1]) for n in there.sum(axis=0)], 1.0
                )
        self._mu = mu
        self._sigma = sigma
        mass = ndtr((1.0 - mu) / sigma) - ndtr(-mu / sigma)
        precision = 1.0 / sigma**2
        log_scale = -0.5 * mu * mu * precision - np.log(sigma * mass) - _LOG_SQRT_2PI
        self._kernels = np.concatenate(
            [-0.5 * precision, mu * precision, log_scale], axis=1
        ).T  # of x^2, x and 1
        self._tables: dict[
            int, tuple[Array, Index]
        ] = {}  # column -> log-mass (rows, values), row of kernel
        for j, (values, low, high) in axes.cells.items():
            i = np.zeros(k + 1, dtype=np.int64)
            if k:
                i[1:] = np.where(
                    absent[:, j], 0, 1 + np.searchsorted(low, X[:, j], side="right") - 1
                )
            width = bandwidth(h, int((i > 0).sum()), X.shape[1])
            self._tables[j] = _cell_table(values, low, high, width), i
        for j, n in axes.choices.items():
            i = np.zeros(k + 1, dtype=np.int64)
            if k:
                i[1:] = np.where(
                    absent[:, j], 0, 1 + np.where(absent[:, j], 0, X[:, j]).astype(np.int64)
                )
            a = prior_weight / (k + 1)
            table = np.full((n + 1, n), a / (1 + n * a))
            table[np.arange(1, n + 1), np.arange(n)] = (1 + a) / (1 + n * a)
            table[0] = 1.0 / n
            self._tables[j] = np.log(table), i

    def log_pdf(self, X: Array) -> Array:
        """Log-density of points (q, d); columns that are NaN are left out. Returns (q,)."""
        Z, there = X[:, self.axes.numeric], ~np.isnan(X)
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
        top = total.max(axis=1)
        total -= top[:, None]
        log_p: Array = top + np.log(np.exp(total, out=total).sum(axis=1))
        return log_p

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """N points (n, d), no column left out."""
        kernel = np.searchsorted(np.cumsum(self._w), rng.random(n), side="right").clip(
            0, len(self._w) - 1
        )
        X = np.empty((n, len(self.axes.numeric) + len(self._tables)))
        if len(self.axes.numeric):
            X[:, self.axes.numeric] = sample_truncnorm(rng, self._mu[kernel], self._sigma[kernel])
        for j, (table, rows) in self._tables.items():
            p = np.exp(table[rows[kernel]])
            c = np.cumsum(p, axis=1)
            i = (c < rng.random((n, 1)) * c[:, -1:]).sum(axis=1).clip(0, p.shape[1] - 1)
            X[:, j] = self.axes.cells[j][0][i] if j in self.axes.cells else i
        return X


def _cell_table(values: Array, low: Array, high: Array, width: float) -> Array:
    """(k + 1, k) log-mass of each of k cells under the prior (row 0) and under a kernel at each value (rows 1..k)."""
    mu, sigma = np.full(len(values) + 1, 0.5), np.full(len(values) + 1, width)
    mu[1:], sigma[0] = values, 1.0
    edges = np.concatenate([low, high[-1:]])
    cdf = ndtr((edges - mu[:, None]) / sigma[:, None])
    mass = np.maximum(np.diff(cdf, axis=1), 1e-300)
    table: Array = np.log(mass / mass.sum(axis=1, keepdims=True))
    return table
