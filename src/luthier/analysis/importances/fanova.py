"""Functional ANOVA of a random forest: exact variances of its trees, by difference arrays.

Notation: a tree's leaves l are boxes of the unit columns with values v_l. In a space with
conditions a regime is one combination of the values of all gates; in it the same parameters are
active, and uniform. The marginal of a set of parameters is the tree's mean over all others.

Source: Hutter 2014. Deviation: difference arrays over the ends of the boxes in place of a walk for
each pair of leaves; the same numbers, in linear time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ...numerics.forest import Forest
from ...space.space import Space
from ...typing import Array, Index, Mask

_N_DRAWN = 2000  # points that show which regimes there are
_INACTIVE = -1.0  # where a forest reads an inactive number


class Leaves(NamedTuple):
    """The leaves of one tree.

    Attributes:
        low: (l, d) lower ends, of numbers.
        high: (l, d) upper ends; a leaf holds what lies above the lower and up to the upper end.
        holds: (l, d, c) which choices a leaf holds; the last one of a column stands for inactive.
        value: (l,) their values.
    """

    low: Array
    high: Array
    holds: Mask
    value: Array


class Regime(NamedTuple):
    """One combination of the values of all gates.

    Attributes:
        share: Of the space.
        active: (d,) which parameters are active.
        fixed: (d,) unit columns of the gates that are active, NaN of all else.
    """

    share: float
    active: Mask
    fixed: Array


def find_regimes(space: Space, rng: np.random.Generator) -> list[Regime]:
    """Return the regimes of a space, those that points drawn from it show."""
    d = space.d
    gates = sorted({space.column[p] for dist in space.dists for p in dist.when or {}})
    if not gates:
        return [Regime(1.0, np.ones(d, dtype=bool), np.full(d, np.nan))]
    X = space.place(rng.random((_N_DRAWN, d)))
    rows, count = np.unique(X[:, gates], axis=0, return_counts=True, equal_nan=True)
    regimes = []
    for row, n in zip(rows, count, strict=True):
        fixed = np.full(d, np.nan)
        fixed[gates] = row
        same = (X[:, gates] == row) | (np.isnan(X[:, gates]) & np.isnan(row))
        first = int(np.argmax(same.all(axis=1)))
        regimes.append(Regime(n / _N_DRAWN, ~np.isnan(X[first]), fixed))
    return regimes


def grow_boxes(forest: Forest) -> Iterator[Leaves]:
    """Return the leaves of each tree, by one walk from the roots of all."""
    t, d = forest.n_trees, len(forest.n_choices)
    node = tree = np.arange(t)
    low = np.full((t, d), -np.inf)
    high = np.full((t, d), np.inf)
    width = forest.subsets.shape[1] if forest.n_choices.any() else 1
    holds = np.ones((t, d, width), dtype=bool)

    done: list[tuple[Index, Index, Array, Array, Mask]] = []
    while len(node):
        is_leaf = forest.children[node, 0] == node
        done.append((tree[is_leaf], node[is_leaf], low[is_leaf], high[is_leaf], holds[is_leaf]))
        node, tree, low, high, holds = (a[~is_leaf] for a in (node, tree, low, high, holds))
        f, cut, subset = forest.feature[node], forest.threshold[node], forest.subset[node]
        numeric = subset < 0
        i, k = np.flatnonzero(numeric), np.flatnonzero(~numeric)

        right_low, left_high = low.copy(), high.copy()
        left_high[i, f[i]] = np.minimum(high[i, f[i]], cut[i])
        right_low[i, f[i]] = np.maximum(low[i, f[i]], cut[i])
        left_holds, right_holds = holds.copy(), holds
        goes_right = forest.subsets[subset[k]]
        left_holds[k, f[k]] &= ~goes_right
        right_holds[k, f[k]] &= goes_right

        children = forest.children[node]
        node = np.concatenate([children[:, 0], children[:, 1]])
        tree = np.concatenate([tree, tree])
        low = np.concatenate([low, right_low])
        high = np.concatenate([left_high, high])
        holds = np.concatenate([left_holds, right_holds])

    tree, node, low, high, holds = (np.concatenate(parts) for parts in zip(*done, strict=True))
    for number in range(t):
        mine = tree == number
        yield Leaves(low[mine], high[mine], holds[mine], forest.value[node[mine]])


class _Axis(NamedTuple):
    """Cells of one number, c of them.

    Attributes:
        first: (l,) the first cell of each leaf.
        stop: (l,) the one after its last.
        width: (c,) of the cells.
    """

    first: Index
    stop: Index
    width: Array


class TreeVariance:
    """Variances of the marginals of one tree.

    Args:
        leaves: Of the tree.
        n_choices: (d,) number of choices, 0 for a number.
        regimes: Of the space.

    Attributes:
        total: Variance of the tree over the space.
    """

    def __init__(self, leaves: Leaves, n_choices: Index, regimes: list[Regime]) -> None:
        self._leaves = leaves
        self._n_choices = n_choices
        self._regimes = regimes
        self._low = np.clip(leaves.low, 0.0, 1.0)
        self._high = np.clip(leaves.high, 0.0, 1.0)
        self._sides = [self._measure(regime) for regime in regimes]
        self._share = np.array([regime.share for regime in regimes])
        volumes = [side.prod(axis=1) for side in self._sides]
        self._mean = np.array([volume @ leaves.value for volume in volumes])
        squares = np.array([volume @ leaves.value**2 for volume in volumes])
        self.mean = float(self._share @ self._mean)
        self.total = max(0.0, float(self._share @ squares) - self.mean**2)

    def _measure(self, regime: Regime) -> Array:
        """Return which share (l, d) of each parameter's range the leaves have in a regime."""
        leaves = self._leaves
        sides = np.empty_like(self._low)
        for j, m in enumerate(self._n_choices.tolist()):
            at = regime.fixed[j] if regime.active[j] else (m or _INACTIVE)
            if at == at and m:
                sides[:, j] = leaves.holds[:, j, int(at)]
            elif at == at:
                sides[:, j] = (leaves.low[:, j] < at) & (at <= leaves.high[:, j])
            elif m:
                sides[:, j] = leaves.holds[:, j, :m].mean(axis=1)
            else:
                sides[:, j] = self._high[:, j] - self._low[:, j]
        return sides

    def of_marginal(self, columns: tuple[int, ...]) -> float:
        """Return the variance of the marginal of some parameters, where all of them are active.

        It is counted times the share of the space in which they are. For a set of several it holds
        what each of them does alone as well.
        """
        here = [r for r, regime in enumerate(self._regimes) if regime.active[list(columns)].all()]
        share = float(self._share[here].sum())
        if not share:
            return 0.0
        gates = [j for j in columns if not all(np.isnan(r.fixed[j]) for r in self._regimes)]
        within = tuple(j for j in columns if j not in gates)

        # Regimes in which the gates among the columns are the same are averaged, then compared.
        groups: dict[tuple[float, ...], list[int]] = {}
        for r in here:
            groups.setdefault(tuple(self._regimes[r].fixed[gates].tolist()), []).append(r)
        mean = float(self._share[here] @ self._mean[here]) / share
        variance = 0.0
        for same in groups.values():
            weight = self._share[same] / self._share[same].sum()
            marginal, volume = self._marginal(within, same, weight)
            variance += float(self._share[same].sum()) * float(
                (volume * (marginal - mean) ** 2).sum()
            )
        return variance

    def _marginal(
        self, columns: tuple[int, ...], regimes: list[int], weight: Array
    ) -> tuple[Array, Array]:
        """Return the marginal on the cells between all ends of the boxes, and their volumes."""
        sides = np.zeros(len(self._leaves.value))
        rest = [j for j in range(len(self._n_choices)) if j not in columns]
        for r, w in zip(regimes, weight, strict=True):
            sides += w * self._sides[r][:, rest].prod(axis=1)
        amount = sides * self._leaves.value
        numbers = [j for j in columns if not self._n_choices[j]]
        choices = [j for j in columns if self._n_choices[j]]
        axes = [self._axis(j) for j in numbers]
        marginals = []
        for chosen in itertools.product(*(range(int(self._n_choices[j])) for j in choices)):
            held = self._leaves.holds[:, choices, list(chosen)].all(axis=1)
            marginals.append(_accumulate(np.where(held, amount, 0.0), axes))
        volume = np.array(1 / len(marginals))
        for axis in axes:
            volume = np.multiply.outer(volume, axis.width)
        return np.array(marginals), volume

    def _axis(self, j: int) -> _Axis:
        """Return the cells of a number, between all ends of the boxes."""
        cuts = np.unique(np.concatenate([[0.0, 1.0], self._low[:, j], self._high[:, j]]))
        first = np.searchsorted(cuts, self._low[:, j])
        return _Axis(first, np.searchsorted(cuts, self._high[:, j]), np.diff(cuts))


def _accumulate(amount: Array, axes: list[_Axis]) -> Array:
    """Return the sum, in each cell, of the amounts (l,) of all boxes over it."""
    total = np.zeros([len(axis.width) + 1 for axis in axes])
    if not axes:
        return np.asarray(amount.sum())
    for corner in itertools.product((0, 1), repeat=len(axes)):
        at = tuple(
            axis.first if k == 0 else axis.stop for axis, k in zip(axes, corner, strict=True)
        )
        flat = np.ravel_multi_index(at, total.shape)
        sums = np.bincount(flat, amount, total.size).reshape(total.shape)
        total += (-1) ** sum(corner) * sums
    for k in range(len(axes)):
        total = np.cumsum(total, axis=k)
    return np.asarray(total[tuple(slice(0, -1) for _ in axes)])


class ForestVariance(NamedTuple):
    """Shares of the variance, means over the trees.

    Attributes:
        first: (d,) of each parameter alone, where it is active.
        pairs: What two do together beyond what each does alone, by their columns.
    """

    first: Array
    pairs: dict[tuple[int, int], float]


def decompose(
    forest: Forest, regimes: list[Regime], pairs: list[tuple[int, int]]
) -> ForestVariance:
    """Return the functional ANOVA of a forest.

    Args:
        forest: Over the unit columns of a space.
        regimes: Of the space.
        pairs: Columns of the pairs that are asked for.
    """
    d = len(forest.n_choices)
    first: list[Array] = []
    together: list[list[float]] = []
    for leaves in grow_boxes(forest):
        tree = TreeVariance(leaves, forest.n_choices, regimes)
        if not tree.total:
            continue
        alone = np.array([tree.of_marginal((j,)) for j in range(d)])
        first.append(alone / tree.total)
        both = [tree.of_marginal(pair) - alone[list(pair)].sum() for pair in pairs]
        together.append([v / tree.total for v in both])
    if not first:
        return ForestVariance(np.zeros(d), dict.fromkeys(pairs, 0.0))
    means = np.mean(together, axis=0).tolist()
    return ForestVariance(np.mean(first, axis=0), dict(zip(pairs, means, strict=True)))
