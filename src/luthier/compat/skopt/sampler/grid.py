"""Points of a regular grid."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ....typing import Array
from .base import InitialPointGenerator


def _quadrature_combine(args: Any) -> Array:
    """Return all combinations of rows (n_i, d_i), the last fastest."""
    parts = [np.asarray(a, dtype=float) for a in args]
    parts = [a[:, None] if a.ndim == 1 else a for a in parts]
    return np.array([np.concatenate(rows) for rows in itertools.product(*parts)])


def _combine(d: int, order: int, least: int, values: Any) -> Array:
    """Return the grid (n, d) of the same values in each dimension."""
    assert d > 0, "a grid needs a dimension"
    assert order >= least, f"a grid of this kind needs an order of {least}, got {order}"
    return _quadrature_combine([values] * d)


def _create_uniform_grid_exclude_border(n_dim: int, order: int) -> Array:
    """Return the grid without the border, (order ** n_dim, n_dim)."""
    return _combine(n_dim, order, 1, np.arange(1, order + 1) / (order + 1.0))


def _create_uniform_grid_include_border(n_dim: int, order: int) -> Array:
    """Return the grid with the border, (order ** n_dim, n_dim)."""
    return _combine(n_dim, order, 2, np.arange(order) / max(order - 1.0, 1.0))


def _create_uniform_grid_only_border(n_dim: int, order: int) -> Array:
    """Return a grid whose last dimension has the order, and the others their ends only."""
    assert n_dim > 0, "a grid needs a dimension"
    assert order >= 2, f"a grid of this kind needs an order of 2, got {order}"
    ends = [np.array([0.0, 1.0])] * (n_dim - 1)
    return _quadrature_combine([*ends, np.arange(order) / (order - 1.0)])


_GRIDS = {
    "include": (_create_uniform_grid_include_border, 2),
    "exclude": (_create_uniform_grid_exclude_border, 1),
    "only": (_create_uniform_grid_only_border, 2),
}


class Grid(InitialPointGenerator):
    """Points of a regular grid, in random order.

    Args:
        border: "include" or "exclude" the border, or "only" points on it.
        use_full_layout: Take a full grid that is too small, and add points; otherwise some points
            of one that is too large.
        append_border: Which grid the added points are of.
    """

    def __init__(
        self,
        border: str = "exclude",
        use_full_layout: bool = True,
        append_border: str = "only",
    ) -> None:
        self.border = border
        self.use_full_layout = use_full_layout
        self.append_border = append_border

    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""
        points = self._make(self.border, d, n, math.floor if self.use_full_layout else math.ceil)
        if len(points) > n:
            rng.shuffle(points)
            return points[:n]
        if len(points) < n:
            left = n - len(points)
            more = self._make(self.append_border, d, left, math.ceil)
            while len(more) < left:
                more = np.concatenate([more, more])
            points = np.concatenate([points, more[:left]])
        rng.shuffle(points)
        return points

    @staticmethod
    def _make(border: str, d: int, n: int, rounded: Any) -> Array:
        """Return a grid of about n points."""
        if border not in _GRIDS:
            raise ValueError(f"border is 'include', 'exclude' or 'only', got {border!r}")
        make, least = _GRIDS[border]
        order = rounded(n / 2.0) if border == "only" else rounded(math.sqrt(n))
        return make(d, max(int(order), least))
