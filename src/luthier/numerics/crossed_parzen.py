"""Mixtures of product kernels that share part of each column with their margin.

They stand between one density of all columns, and an independent density for each column.

Notation: kernel i of k + 1 has weight w_i and factor k_ij(x_j) in column j of d; F (d, q, k + 1)
holds the factors of q points; c is `SHARE`.
"""

from __future__ import annotations

import numpy as np

from ..typing import Array, Index
from .parzen import Mixture

SHARE = 0.5  # weight of the margin in each factor


class Crossed(Mixture):
    """p(x) = Σ_i w_i Π_j ((1 - c) k_ij(x_j) + c m_j(x_j)), with margins m_j = Σ_i w_i k_ij.

    c = 0 is a mixture of product kernels, c = 1 a product of one mixture for each column; here c =
    `SHARE`. A draw is that of one kernel, in which some columns are those of others.

    Source: between the multivariate form of Falkner 2018 and the univariate one of Bergstra 2011.
    """

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n points (n, d), no column left out."""
        X = super().sample(rng, n)

        # A permutation of some rows of a column draws from its margin.
        swapped = rng.random(X.shape) < SHARE
        for j in range(X.shape[1]):
            rows = np.flatnonzero(swapped[:, j])
            X[rows, j] = X[rng.permutation(rows), j]
        return X

    def factors(self, X: Array) -> Array:
        """Factors (d, q, k + 1) of points (q, d), column by kernel; 1 where a column is NaN."""
        numeric = self.axes.numeric
        there = ~np.isnan(X)
        F = np.empty((X.shape[1], len(X), len(self.weights)))

        # Logarithms of the kernels: parabolas in numbers, tables in the other columns.
        Z = np.where(there, X, 0.0).T[:, :, None]
        square, linear, constant = (rows[:, None] for rows in np.split(self._kernels, 3))
        F[numeric] = (square * Z[numeric] + linear) * Z[numeric] + constant
        for j, kernels in self._discrete.items():
            F[j] = kernels.log_mass(Z[j, :, 0])
        np.exp(F, out=F)

        margin = F @ self.weights
        F *= 1 - SHARE
        F += SHARE * margin[:, :, None]
        F[~there.T] = 1.0
        return F

    def log_pdf(self, X: Array) -> Array:
        """Log-density (q,) of points (q, d); columns that are NaN are left out."""
        return self.log_sum(np.log(self.factors(X)).sum(axis=0))

    def log_sum(self, exponents: Array) -> Array:
        """Log Σ_i w_i exp(e_i) of exponents (..., k + 1)."""
        top = exponents.max(axis=-1, keepdims=True)
        result: Array = top[..., 0] + np.log(np.exp(exponents - top) @ self.weights)
        return result


class Ratio:
    """log l(x) - log g(x) of two crossed mixtures, at points and at one whose columns are mixed.

    `start` takes one of the points as the current one; `line` and `change` then vary its columns,
    one at a time, over those of the others.

    Attributes:
        values: (q,) log-ratios of the points.
        chosen: (d,) the point from which each column of the current one is; set by `start`.

    Args:
        good: l.
        bad: g.
        X: (q, d) The points, NaN where a column is left out.
    """

    chosen: Index

    def __init__(self, good: Crossed, bad: Crossed, X: Array) -> None:
        self._sides = [(side, side.factors(X)) for side in (good, bad)]
        self._logs = [np.log(F).sum(axis=0) for _, F in self._sides]
        self.values: Array = good.log_sum(self._logs[0]) - bad.log_sum(self._logs[1])

    def start(self, q: int) -> None:
        """Make the q-th point the current one."""
        self._at = [logs[q].copy() for logs in self._logs]
        self.chosen = np.full(len(self._sides[0][1]), q)

    def line(self, j: int) -> Array:
        """Log-ratios (q,) of the current point with column j of each point, up to a constant."""
        result = []
        for (side, F), at in zip(self._sides, self._at, strict=True):
            others = at - np.log(F[j, self.chosen[j]])
            result.append(np.log(F[j] @ (side.weights * np.exp(others - others.max()))))
        line: Array = result[0] - result[1]
        return line

    def change(self, j: int, q: int) -> None:
        """Set column j of the current point to that of the q-th point."""
        for (_, F), at in zip(self._sides, self._at, strict=True):
            at += np.log(F[j, q]) - np.log(F[j, self.chosen[j]])
        self.chosen[j] = q
