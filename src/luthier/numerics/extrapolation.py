"""Straight lines from what was seen early to what comes later, and what they leave unexplained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..typing import Array, Index

# standard deviation of a step between columns that nobody made yet, in spreads of the good half
_LOOSE = 0.5
_N_LOOSE = 2.0  # how many curves that belief weighs


class Lines(NamedTuple):
    """From each column of a table of curves to the last one.

    Attributes:
        shift: (K,) and
        slope: (K,) of end = shift + slope * seen.
        sd: (K,) standard deviation of what that leaves unexplained.
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
        K, scale = V.shape[1], float(np.nanmax(np.abs(V), initial=0.0)) or 1.0
        V = V / scale  # so that squares of the largest numbers do not overflow
        shift = np.zeros(K)
        slope = np.ones(K)
        variance = np.zeros(K)
        r_squared = np.ones(K)
        for j in range(K - 2, -1, -1):
            here, both = V[~np.isnan(V[:, j]), j], ~np.isnan(V[:, j]) & ~np.isnan(V[:, j + 1])
            step = 0.0
            b = 1.0
            n = int(both.sum())
            middle = float(np.median(here)) if len(here) else 0.0
            good = here[here <= middle] - middle
            spread2 = float(good @ good) / max(len(good), 1) or 1e-24
            rest = _N_LOOSE * _LOOSE**2 * spread2
            if n:
                u, w = V[both, j], V[both, j + 1]
                du, dw = u - u.mean(), w - w.mean()
                ridge = _N_LOOSE * spread2
                b = min(max((float(du @ dw) + ridge) / (float(du @ du) + ridge), 0.0), 3.0)
                step = float(w.mean() - b * u.mean())
                rest += float(((dw - b * du) ** 2).sum())
            shift[j], slope[j] = shift[j + 1] + slope[j + 1] * step, slope[j + 1] * b
            variance[j] = variance[j + 1] + slope[j + 1] ** 2 * rest / (_N_LOOSE + max(n - 1, 0))
            r_squared[j] = (
                slope[j] ** 2 * spread2 / max(slope[j] ** 2 * spread2 + variance[j], 1e-300)
            )
        most = np.finfo(np.float64).max / max(scale, 1.0)
        return cls(
            np.clip(shift, -most, most) * scale,
            slope,
            np.minimum(np.sqrt(variance), most) * scale,
            r_squared,
        )

    def end(self, v: Array, j: Index) -> Array:
        """(m,) what is expected in the last column of values (m,) seen in columns j (m,)."""
        return np.asarray(self.shift[j] + self.slope[j] * v)
