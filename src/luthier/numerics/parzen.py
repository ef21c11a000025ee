"""Mixtures of product kernels over unit columns.

The densities of the tree-structured Parzen estimator.

Notation: k observations X (k, d) give kernels 1 to k, the prior is kernel 0. Numbers lie in [0, 1];
a kernel there is a normal (mu, sigma) truncated to it. Discrete numbers have a table of log-masses,
with one row for the prior and one for a kernel at each value. Of choices, that a kernel has a value
or another is all that counts: they need no table, however many there are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..typing import Array, Index
from .normal import ndtr, sample_truncnorm

_LOG_SQRT_2PI = 0.5 * math.log(2 * math.pi)
_N_ASSUMED = 4  # observations a dimension, and for one more, that an assumed spread is worth most


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


def bandwidth(h: float | Array, k: int | Index, d: int) -> Array:
    """Kernel widths for k observations in d dimensions, h for a single one, at most 1.

    Source: Scott 1992, eq. 6.42.
    """
    width: Array = np.minimum(h * np.maximum(k, 1) ** (-1.0 / (d + 4)), 1.0)
    return width


def shrunk_spread(X: Array, h: float, d: int) -> Array:
    """Spreads (p,) of columns X (k, p) of d, NaN where inactive, shrunk to h and never beyond it.

    The assumed spread h counts as d^2 observations, and at most as 4 (d + 1): a few in many
    dimensions say little, in one or two they show where to go on.

    Source: the mean of the scaled inverse chi-squared posterior of a variance (Gelman 2013, section
    2.6). Deviation: at most h.
    """
    there = ~np.isnan(X)
    k = there.sum(axis=0)
    mean = np.where(there, X, 0.0).sum(axis=0) / np.maximum(k, 1)
    squares = np.where(there, X - mean, 0.0) ** 2
    n = min(d * d, _N_ASSUMED * (d + 1))
    spread = np.sqrt((squares.sum(axis=0) + n * h * h) / (k + n))
    shrunk: Array = np.minimum(spread, h)
    return shrunk


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
        adapts: Whether kernels get narrower in columns without cells where observations lie close:
            h is then what their spread is shrunk to, see `shrunk_spread`.

    Attributes:
        axes: Kinds of the columns.
        weights: (k + 1,) of the kernels, which add up to 1; the prior's first.

    Source: Bergstra 2011; multivariate form of Falkner 2018; discrete cells as in Optuna.
    """

    def __init__(
        self,
        X: Array,
        weights: Array,
        axes: Axes,
        prior_weight: float,
        h: float,
        adapts: bool = False,
    ) -> None:
        w = np.concatenate([[prior_weight], weights])
        self.axes = axes
        self.weights: Array = w / w.sum()
        self._log_w = np.log(self.weights)
        d = X.shape[1]
        n_there = (~np.isnan(X)).sum(axis=0)
        width = bandwidth(h, n_there, d)
        narrow = bandwidth(shrunk_spread(X, h, d), n_there, d) if adapts else width
        self._mu, self._sigma = _normals(X[:, axes.numeric], narrow[axes.numeric])
        self._kernels = _parabolas(self._mu, self._sigma)
        self._discrete: dict[int, _Cells | _Choices] = {}
        for j, cells in axes.cells.items():
            self._discrete[j] = _Cells(X[:, j], cells, float(width[j]))
        for j, n in axes.choices.items():
            self._discrete[j] = _Choices(X[:, j], n, prior_weight)

    def log_pdf(self, X: Array) -> Array:
        """Log-density (q,) of points (q, d); columns that are NaN are left out."""
        Z = X[:, self.axes.numeric]
        there = ~np.isnan(X)
        on = there[:, self.axes.numeric].astype(np.float64)
        if not on.all():
            Z = np.where(on, Z, 0.0)
        total = np.concatenate([Z * Z, Z, on], axis=1) @ self._kernels
        total += self._log_w

        for j, kernels in self._discrete.items():
            here = there[:, j]
            total[here] += kernels.log_mass(X[here, j])

        # The log of a sum of exponentials, none of which overflows.
        top = total.max(axis=1)
        total -= top[:, None]
        log_p: Array = top + np.log(np.exp(total, out=total).sum(axis=1))
        return log_p

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n points (n, d), no column left out."""
        kernel = np.searchsorted(np.cumsum(self.weights), rng.random(n), side="right")
        kernel = kernel.clip(0, len(self.weights) - 1)
        X = np.empty((n, len(self.axes.numeric) + len(self._discrete)))
        if len(self.axes.numeric):
            X[:, self.axes.numeric] = sample_truncnorm(rng, self._mu[kernel], self._sigma[kernel])

        for j, kernels in self._discrete.items():
            X[:, j] = kernels.draw(kernel, rng.random(n))
        return X


class _Cells:
    """Kernels of one column of discrete numbers.

    Args:
        x: (k,) the observations, NaN where inactive.
        cells: Values, lower and upper ends of the cells; see `Axes`.
        width: Of a kernel.
    """

    def __init__(self, x: Array, cells: tuple[Array, Array, Array], width: float) -> None:
        self._values, self._low, high = cells
        self._row = np.zeros(len(x) + 1, dtype=np.int64)
        place = np.searchsorted(self._low, x, side="right")
        self._row[1:] = np.where(np.isnan(x), 0, place)
        self._table = _cell_table(self._values, self._low, high, width)

    def log_mass(self, x: Array) -> Array:
        """Log-mass (q, k + 1) of values (q,) under each kernel."""
        cell = np.searchsorted(self._low, x, side="right") - 1
        masses: Array = self._table[:, cell].T[:, self._row]
        return masses

    def draw(self, kernel: Index, u: Array) -> Array:
        """Draw a value from each of some kernels (n,): that at a share u (n,) of its mass."""
        p = np.exp(self._table[self._row[kernel]])
        c = np.cumsum(p, axis=1)
        i = (c < u[:, None] * c[:, -1:]).sum(axis=1).clip(0, p.shape[1] - 1)
        values: Array = self._values[i]
        return values


class _Choices:
    """Kernels of one column of unordered choices.

    A kernel has a little mass on each of n choices, and the rest on its own; the prior has 1 / n.

    Args:
        x: (k,) the observations, NaN where inactive.
        n: Number of choices.
        prior_weight: Of the prior kernel.
    """

    def __init__(self, x: Array, n: int, prior_weight: float) -> None:
        self._n = n
        self._own = np.full(len(x) + 1, -1.0)  # of each kernel; -1 for those that are as the prior
        self._own[1:] = np.where(np.isnan(x), -1.0, x)
        a = prior_weight / (len(x) + 1)
        self._mass_of_others = a / (1 + n * a)
        self._mass_of_own = (1 + a) / (1 + n * a)

    def log_mass(self, x: Array) -> Array:
        """Log-mass (q, k + 1) of choices (q,) under each kernel."""
        same = self._own == x[:, None]
        found = np.where(same, np.log(self._mass_of_own), np.log(self._mass_of_others))
        return np.where(self._own < 0, np.log(1.0 / self._n), found)

    def draw(self, kernel: Index, u: Array) -> Array:
        """Draw a choice from each of some kernels (n,): that at a share u (n,) of its mass."""
        own = self._own[kernel]
        least = np.where(own < 0, 1.0 / self._n, self._mass_of_others)
        extra = np.where(own < 0, 0.0, self._mass_of_own - self._mass_of_others)  # of its own
        mass = u * (self._n * least + extra)
        behind = mass > (own + 1) * least + extra
        here = ~behind & (mass > own * least) & (own >= 0)
        i = np.ceil((mass - np.where(behind & (own >= 0), extra, 0.0)) / least) - 1
        return np.where(here, own, i).clip(0, self._n - 1)


def _normals(X: Array, width: Array) -> tuple[Array, Array]:
    """Means and widths (k + 1, p) of the kernels in p numeric columns X (k, p).

    Where a column is missing they are those of the prior.

    Args:
        X: The observations, NaN where inactive.
        width: (p,) of the kernels of each column.
    """
    k, p = X.shape
    mu = np.full((k + 1, p), 0.5)
    sigma = np.ones((k + 1, p))
    there = ~np.isnan(X)
    mu[1:] = np.where(there, X, 0.5)
    sigma[1:] = np.where(there, width, 1.0)
    return mu, sigma


def _parabolas(mu: Array, sigma: Array) -> Array:
    """Coefficients (3 p, k + 1) of x², x and 1 in the logs of normals truncated to [0, 1]."""
    mass = ndtr((1.0 - mu) / sigma) - ndtr(-mu / sigma)
    precision = 1.0 / sigma**2
    log_scale = -0.5 * mu * mu * precision - np.log(sigma * mass) - _LOG_SQRT_2PI
    return np.concatenate([-0.5 * precision, mu * precision, log_scale], axis=1).T


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
