"""Where the parameters of a define-by-run objective reach, as far as its trials have shown.

An objective may ask for a range that depends on other parameters: b from 0 to 1 - a. The space has
the widest range, so samplers propose points that cannot be had, and models learn nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..typing import Array, Mask

_NEARER = 0.75  # how much nearer a proposal in vain must be than a trial
_ATTEMPTS = 32  # to draw points that can be had, as far as is known
_MAX_POINTS = 5_000  # of each kind that are looked at, the latest


class Reach:
    """A nearest-neighbour rule: a point can be had if no proposal in vain is nearer than a trial.

    Source: Cover and Hart 1967. Deviation: equals count as points that can be had.

    Args:
        had: (k, d) unit columns of trials; NaN where inactive.
        in_vain: (r, d) those of proposals that could not be had.
    """

    def __init__(self, had: Array, in_vain: Array) -> None:
        from scipy.spatial import KDTree  # where ranges depend on others alone

        self._had = KDTree(self._place(had[-_MAX_POINTS:]))
        self._in_vain = KDTree(self._place(in_vain[-_MAX_POINTS:]))

    def _place(self, X: Array) -> Array:
        """Return points (k, 2 d) in which inactive parameters are a unit away from active ones.

        So are choices without an order from each other, whose columns are their indices.
        """
        active = ~np.isnan(X)
        return np.concatenate([np.where(active, X, 0.0), active], axis=1)

    def __call__(self, X: Array) -> Mask:
        """Return which points (n, d) can be had, as far as is known (n,)."""
        if not len(X):
            return np.ones(0, dtype=bool)
        U = self._place(X)
        to_had, _ = self._had.query(U)
        to_in_vain, _ = self._in_vain.query(U)
        return np.asarray(to_in_vain >= _NEARER * np.asarray(to_had))


def draw_within(reach: Reach, draw: Callable[[int], Array], n: int) -> Array:
    """Return n points (n, d); those that cannot be had are drawn again, some dozens of times.

    Args:
        reach: Which points can be had.
        draw: Returns m random points (m, d).
        n: How many points.
    """
    X = draw(n)
    for _ in range(_ATTEMPTS):
        lost = ~reach(X)
        if not lost.any():
            break
        X[lost] = draw(int(lost.sum()))
    return X
