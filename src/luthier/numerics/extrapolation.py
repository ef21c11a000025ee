"""Straight lines from early values of curves to their ends, and the variance left unexplained.

Notation: n curves in a table V (n, K), one column for each step; column j is mapped to the last
column by shift_j + slope_j v.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..typing import Array, Index

# Prior standard deviation of a step to the next column, in spreads of the better half.
_LOOSE = 0.5
_N_LOOSE = 2.0  # number of curves that this prior weighs


class Lines(NamedTuple):
    """From each column of a table of curves to the last one.

    Attributes:
        shift: (K,) and
        slope: (K,) of end = shift + slope * seen.
        sd: (K,) standard deviation of the rest.
        r_squared: (K,) share of the variance of the end that it explains, among the better half
            of each column.
    """

    shift: Array
    slope: Array
    sd: Array
    r_squared: Array

    @classmethod
    def of(cls, V: Array) -> Lines:
        """Least squares from each column to the next, put together.

        The slope is drawn towards 1. Where no curve reaches the next column the line is the
        identity, with half the spread of the better half of the column as its standard deviation,
        which two curves outweigh.

        Args:
            V: (n, K) curves, smaller is better; NaN where one was not seen.
        """
        K = V.shape[1]
        scale = float(np.nanmax(np.abs(V), initial=0.0)) or 1.0
        V = V / scale  # so that squares of the largest numbers do not overflow
        shift = np.zeros(K)
        slope = np.ones(K)
        variance = np.zeros(K)
        r_squared = np.ones(K)

        # From the last column but one backwards, each line is put before those that follow.
        for j in range(K - 2, -1, -1):
            step = _fit_step(V[:, j], V[:, j + 1])
            shift[j] = shift[j + 1] + slope[j + 1] * step.shift
            slope[j] = slope[j + 1] * step.slope
            variance[j] = variance[j + 1] + slope[j + 1] ** 2 * step.squares / step.weight
            explained = slope[j] ** 2 * step.spread2
            r_squared[j] = explained / max(explained + variance[j], 1e-300)

        most = np.finfo(np.float64).max / max(scale, 1.0)
        return cls(
            np.clip(shift, -most, most) * scale,
            slope,
            np.minimum(np.sqrt(variance), most) * scale,
            r_squared,
        )

    def end(self, v: Array, j: Index) -> Array:
        """Expected values (m,) in the last column, given values (m,) in columns j (m,)."""
        return np.asarray(self.shift[j] + self.slope[j] * v)


class _Step(NamedTuple):
    """A line from one column to the next.

    Attributes:
        shift: Of the line.
        slope: Of the line.
        squares: Sum of the squares that the line leaves, the prior's included.
        weight: Number of curves that these are of, the prior's included.
        spread2: Variance of the better half of the first column about its median.
    """

    shift: float
    slope: float
    squares: float
    weight: float
    spread2: float


def _fit_step(v: Array, following: Array) -> _Step:
    """Fit a line from a column (n,) to the following one (n,), NaN where a curve was not seen."""
    here = v[~np.isnan(v)]
    both = ~np.isnan(v) & ~np.isnan(following)
    n = int(both.sum())
    middle = float(np.median(here)) if len(here) else 0.0
    good = here[here <= middle] - middle
    spread2 = float(good @ good) / max(len(good), 1) or 1e-24

    shift = 0.0
    slope = 1.0
    squares = _N_LOOSE * _LOOSE**2 * spread2
    if n:
        u = v[both]
        w = following[both]
        du = u - u.mean()
        dw = w - w.mean()
        ridge = _N_LOOSE * spread2  # draws the slope towards 1
        slope = min(max((float(du @ dw) + ridge) / (float(du @ du) + ridge), 0.0), 3.0)
        shift = float(w.mean() - slope * u.mean())
        squares += float(((dw - slope * du) ** 2).sum())
    return _Step(shift, slope, squares, _N_LOOSE + max(n - 1, 0), spread2)
