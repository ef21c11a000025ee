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
        space: Of the parameters.
        drawn: (2, N, d) points of the unit cube that A and B stand for.
        A: (N, d) unit columns.
        others: B, and A_j for each parameter j that is exchanged: (N, d) each.
        active: (k, N) whether each of those is active both in A and in B.
        n_groups: Number of groups.
    """

    space: Space
    drawn: Array
    A: Array
    others: list[Array]
    active: Mask
    n_groups: int = N_GROUPS

    def first_groups(self, n: int) -> SwapDesign:
        """Return the first n groups alone."""
        k = len(self.A) // self.n_groups * n
        others = [other[:k] for other in self.others]
        return SwapDesign(self.space, self.drawn[:, :k], self.A[:k], others, self.active[:, :k], n)

    def exchange(self, *columns: int) -> Array:
        """Return A with some parameters from B (N, d)."""
        A, B = self.drawn
        drawn = A.copy()
        drawn[:, columns] = B[:, columns]
        return self.space.place(drawn)


class SobolIndices(NamedTuple):
    """Shares of the variance.

    Attributes:
        total: (k,) total indices.
        first: (k,) first-order indices; of a parameter that is not always active: where it is,
            times how often that is.
        groups: (n_groups, k) total indices of each group of points alone.
    """

    total: Array
    first: Array
    groups: Array


def design_swaps(
    space: Space, n: int, rng: np.random.Generator, columns: Sequence[int] | None = None
) -> SwapDesign:
    """Return scrambled Sobol points of a space; its hard constraints are not heeded.

    Args:
        space: Of the parameters.
        n: Number of points of A; a multiple of `N_GROUPS`.
        rng: Source of the scramblings.
        columns: Of the parameters that are exchanged; None for all.
    """
    d = space.d
    seeds = rng.integers(2**31, size=N_GROUPS).tolist()
    U = np.concatenate([sobol(0, n // N_GROUPS, 2 * d, seed) for seed in seeds])
    drawn = np.array([U[:, :d], U[:, d:]])
    columns = range(d) if columns is None else columns
    A, B = (space.place(points.copy()) for points in drawn)
    active = ~(np.isnan(A) | np.isnan(B))[:, columns].T
    design = SwapDesign(space, drawn, A, [B], active)
    return design._replace(others=[B, *(design.exchange(j) for j in columns)])


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


def estimate_totals(design: SwapDesign, predict: Predict, most: float = np.inf) -> Array:
    """Return total indices (n_groups, k) of each group of points, which the model reads not at B.

    They take fewer points than `estimate_indices` where few of many parameters are exchanged.
    """
    f_A, *swapped = np.minimum(predict(design.A, design.others[1:]), most)
    variance = f_A.reshape(design.n_groups, -1).var(axis=1).mean()
    if not variance:
        return np.zeros((design.n_groups, len(swapped)))
    squares = (np.array(swapped) - f_A) ** 2
    by_group = squares.reshape(len(swapped), design.n_groups, -1).mean(axis=2).T / 2
    return np.asarray(by_group / variance)


def estimate_pairs(
    design: SwapDesign,
    predict: Predict,
    pairs: Sequence[tuple[int, int]],
    most: float = np.inf,
) -> dict[tuple[int, int], float]:
    """Return what pairs do together, alone and with others: shares of a model's variance.

    A pair counts where both are active whichever of the two is exchanged.

    Args:
        design: Points of the space, for all of its parameters.
        predict: The model.
        pairs: Columns of each.
        most: As in `estimate_indices`.

    Source: Liu & Owen 2006, theorem 1, the superset importance.
    """
    if not pairs:
        return {}
    columns = sorted({j for pair in pairs for j in pair})
    points = [design.others[1 + j] for j in columns] + [design.exchange(*pair) for pair in pairs]
    f_A, *exchanged = np.minimum(predict(design.A, points), most)
    variance = float(f_A.var())
    if not variance:
        return dict.fromkeys(pairs, 0.0)

    alone = dict(zip(columns, zip(points, exchanged, strict=False), strict=False))
    together = zip(points[len(columns) :], exchanged[len(columns) :], strict=True)
    shares = {}
    for (a, b), (X_ab, f_ab) in zip(pairs, together, strict=True):
        (X_a, f_a), (X_b, f_b) = alone[a], alone[b]
        inactive = [np.isnan(X[:, [a, b]]).any(axis=1) for X in (design.A, X_a, X_b, X_ab)]
        beyond = np.where(np.any(inactive, axis=0), 0.0, f_A - f_a - f_b + f_ab)
        shares[a, b] = float((beyond**2).mean() / 4 / variance)
    return shares


def _covariance(f_B: Array, f_j: Array, f_A: Array) -> float:
    """Return the variance of the expected loss given parameter j, which B and A_j share."""
    return float(((f_B - f_B.mean()) * (f_j - f_A)).mean())
