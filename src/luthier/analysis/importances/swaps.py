"""Sobol's indices of a model by exchanging one parameter at a time.

Notation: A and B are independent points of the space (N, d); A_j is A with parameter j from B. In
a space with conditions every parameter is drawn, and counts where its gate is on, so that the
parameters are independent: the total index of a child is its share where it is active, times how
often that is, and exchanging a gate switches its children.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ...numerics.sobol import sobol
from ...space.space import Space
from ...typing import Array, Mask

N_GROUPS = 4
Predict = Callable[[Array, Sequence[Array]], Array]
"""Takes points, and lists of others that differ in few columns; returns the losses at all."""


class SwapDesign(NamedTuple):
    """Points at which a model is evaluated, in `N_GROUPS` independent groups of equal size.

    Attributes:
        A: (N, d) unit columns.
        others: B, and A_j for each parameter j: (N, d) each.
        active: (d, N) whether j is active both in A and in B.
        n_groups: Number of groups.
    """

    A: Array
    others: list[Array]
    active: Mask
    n_groups: int = N_GROUPS

    def first_groups(self, n: int) -> SwapDesign:
        """Return the first n groups alone."""
        k = len(self.A) // self.n_groups * n
        return SwapDesign(self.A[:k], [other[:k] for other in self.others], self.active[:, :k], n)


class SobolIndices(NamedTuple):
    """Shares of the variance.

    Attributes:
        total: (d,) total indices.
        first: (d,) first-order indices; of a parameter that is not always active: where it is,
            times how often that is.
        groups: (n_groups, d) total indices of each group of points alone.
    """

    total: Array
    first: Array
    groups: Array


def design_swaps(space: Space, n: int, rng: np.random.Generator) -> SwapDesign:
    """Return scrambled Sobol points of a space; its hard constraints are not heeded.

    Args:
        space: Of the parameters.
        n: Number of points of A; a multiple of `N_GROUPS`.
        rng: Source of the scramblings.
    """
    d = space.d
    seeds = rng.integers(2**31, size=N_GROUPS).tolist()
    U = np.concatenate([sobol(0, n // N_GROUPS, 2 * d, seed) for seed in seeds])
    A, B = U[:, :d], U[:, d:]
    swapped = [np.where(np.arange(d) == j, B, A) for j in range(d)]
    points, *others = (space.place(np.array(P)) for P in (A, B, *swapped))
    active = ~np.isnan(points) & ~np.isnan(others[0])
    return SwapDesign(points, others, active.T)


def estimate_indices(design: SwapDesign, predict: Predict, most: float = np.inf) -> SobolIndices:
    """Return Sobol's indices of a model; zeros where it is constant.

    Args:
        design: Points of the space.
        predict: The model.
        most: Losses above it count as it, so that what is bad is flat (Hutter 2014, 3.3).

    Source: Jansen 1999 (total), Saltelli 2010, table 2 (first order).
    """
    F = np.minimum(predict(design.A, design.others), most)
    f_A, f_B, swapped = F[0], F[1], F[2:]
    by_group = ((swapped - f_A) ** 2).reshape(len(swapped), design.n_groups, -1).mean(axis=2).T / 2
    both = np.concatenate([f_A, f_B]).reshape(2, design.n_groups, -1)
    variance = both.var(axis=(0, 2))
    if not variance.any():
        zeros = np.zeros(len(swapped))
        return SobolIndices(zeros, zeros, np.zeros_like(by_group))

    first = [
        on.mean() ** 0.5 * _covariance(f_B[on], f, f_A[on]) if on.sum() > 1 else 0.0
        for on, f in ((on, s[on]) for on, s in zip(design.active, swapped, strict=True))
    ]
    return SobolIndices(
        by_group.mean(axis=0) / variance.mean(),
        np.clip(first, 0.0, None) / variance.mean(),
        by_group / np.maximum(variance, 1e-300)[:, None],
    )


def _covariance(f_B: Array, f_j: Array, f_A: Array) -> float:
    """Return the variance of the expected loss given parameter j, which B and A_j share."""
    return float(((f_B - f_B.mean()) * (f_j - f_A)).mean())
