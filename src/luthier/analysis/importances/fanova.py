"""Functional ANOVA of a random forest: exact variances of its trees, by difference arrays.

Notation: a tree's leaves l are boxes of the unit columns with values v_l. In a space with
conditions a regime is one combination of the values of all gates; in it the same parameters are
active, and uniform. The marginal of a set of parameters is the tree's mean over all others.

Source: Hutter 2014. Deviation: difference arrays over the ends of the boxes in place of a walk for
each pair of leaves; the same numbers, in linear time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...numerics.forest import Forest
from ...space.space import Space
from ...typing import Array, Index, Mask

_N_DRAWN = 2000  # points that show which regimes there are
_INACTIVE = -1.0  # where a forest reads an inactive number
_MOST_IN_PAIRS = 16  # trees by which pairs are estimated


class Leaves(NamedTuple):
    """The l leaves of t trees.

    Attributes:
        tree: (l,) to which tree they belong, ascending.
        low: (l, d) lower ends, of numbers.
        high: (l, d) upper ends; a leaf holds what lies above the lower and up to the upper end.
        holds: (l, d, c) which choices a leaf holds; the last one of a column stands for inactive.
        value: (l,) their values.
    """

    tree: Index
    low: Array
    high: Array
    holds: Mask
    value: Array

    def of_tree(self, number: int) -> slice:
        """Return where the leaves of one tree are."""
        first, stop = np.searchsorted(self.tree, [number, number + 1])
        return slice(int(first), int(stop))


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


def grow_boxes(forest: Forest) -> Leaves:
    """Return the leaves of all trees, by one walk from their roots."""
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
    by_tree = np.argsort(tree, kind="stable")
    return Leaves(
        tree[by_tree], low[by_tree], high[by_tree], holds[by_tree], forest.value[node[by_tree]]
    )


class _Cells(NamedTuple):
    """Where a marginal is constant: c cells of t trees.

    Attributes:
        tree: (c,) to which tree they belong.
        marginal: (c,) what the marginal is there.
        volume: (c,) their volumes, which sum to 1 for each tree.
    """

    tree: Index
    marginal: Array
    volume: Array


class TreeVariance:
    """Variances of the marginals of t trees.

    Args:
        leaves: Of the trees.
        n_choices: (d,) number of choices, 0 for a number.
        regimes: Of the space.

    Attributes:
        total: (t,) variances of the trees over the space.
    """

    def __init__(self, leaves: Leaves, n_choices: Index, regimes: list[Regime]) -> None:
        self._leaves = leaves
        self._n_choices = n_choices
        self._regimes = regimes
        self._t = int(leaves.tree.max(initial=-1)) + 1
        self._low = np.clip(leaves.low, 0.0, 1.0)
        self._high = np.clip(leaves.high, 0.0, 1.0)
        self._sides = [self._measure(regime) for regime in regimes]
        self._share = np.array([regime.share for regime in regimes])
        self._beside = [_multiply_others(sides) for sides in self._sides]
        volumes = [sides.prod(axis=1) for sides in self._sides]
        self._mean = np.array([self._sum(volume * leaves.value) for volume in volumes])
        squares = np.array([self._sum(volume * leaves.value**2) for volume in volumes])
        self.total = np.maximum(0.0, self._share @ squares - (self._share @ self._mean) ** 2)

    def _sum(self, amount: Array) -> Array:
        """Return the sums (t,) of what the leaves (l,) of each tree have."""
        return np.asarray(np.bincount(self._leaves.tree, amount, self._t), dtype=np.float64)

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

    def of_marginal(self, columns: tuple[int, ...]) -> Array:
        """Return the variances (t,) of the marginal of some parameters, where all are active.

        They are counted times the share of the space in which they are. For a set of several they
        hold what each of them does alone as well.
        """
        here = [r for r, regime in enumerate(self._regimes) if regime.active[list(columns)].all()]
        share = float(self._share[here].sum())
        if not share:
            return np.zeros(self._t)
        gates = [j for j in columns if not all(np.isnan(r.fixed[j]) for r in self._regimes)]
        within = tuple(j for j in columns if j not in gates)

        # Regimes in which the gates among the columns are the same are averaged, then compared.
        groups: dict[tuple[float, ...], list[int]] = {}
        for r in here:
            groups.setdefault(tuple(self._regimes[r].fixed[gates].tolist()), []).append(r)
        mean = self._share[here] @ self._mean[here] / share
        variance = np.zeros(self._t)
        for same in groups.values():
            weight = self._share[same] / self._share[same].sum()
            cells = self._marginal(within, self._amounts(within, same, weight))
            squares = cells.volume * (cells.marginal - mean[cells.tree]) ** 2
            variance += self._share[same].sum() * np.bincount(cells.tree, squares, self._t)
        return variance

    def _amounts(self, columns: tuple[int, ...], regimes: list[int], weight: Array) -> Array:
        """Return the values (l,) of the leaves times their volume in all columns but some."""
        rest = np.delete(np.arange(len(self._n_choices)), columns)
        sides = np.zeros(len(self._leaves.value))
        for r, w in zip(regimes, weight, strict=True):
            if len(columns) == 1:
                sides += w * self._beside[r][:, columns[0]]
            else:
                sides += w * self._sides[r][:, rest].prod(axis=1)
        return np.asarray(sides * self._leaves.value)

    def _marginal(self, columns: tuple[int, ...], amount: Array) -> _Cells:
        """Return the marginal of some parameters, given the amounts (l,) of the leaves."""
        numbers = [j for j in columns if not self._n_choices[j]]
        choices = [j for j in columns if self._n_choices[j]]
        chosen = itertools.product(*(range(int(self._n_choices[j])) for j in choices))
        parts = []
        for at in chosen:
            held = self._leaves.holds[:, choices, list(at)].all(axis=1)
            parts.append(self._accumulate(np.where(held, amount, 0.0), numbers))
        tree, marginal, volume = (np.concatenate(part) for part in zip(*parts, strict=True))
        return _Cells(tree, marginal, volume / len(parts))

    def _accumulate(self, amount: Array, numbers: list[int]) -> _Cells:
        """Return the sums of the amounts (l,) of all boxes over each cell of some numbers."""
        if not numbers:
            return _Cells(np.arange(self._t), self._sum(amount), np.ones(self._t))
        if len(numbers) == 1:
            return self._accumulate_line(amount, numbers[0])
        parts = [self._accumulate_grid(amount, numbers, number) for number in range(self._t)]
        return _Cells(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _accumulate_line(self, amount: Array, j: int) -> _Cells:
        """Do so for one number, of all trees at once: cells lie between neighbouring ends."""
        tree = np.concatenate([self._leaves.tree, self._leaves.tree])
        end = np.concatenate([self._low[:, j], self._high[:, j]])
        order = np.lexsort((end, tree))
        tree, end = tree[order], end[order]
        level = np.cumsum(np.concatenate([amount, -amount])[order])  # 0 again after each tree
        width = np.diff(end, append=0.0)
        within = np.append(tree[1:] == tree[:-1], False) & (width > 0)
        return _Cells(tree[within], level[within], width[within])

    def _accumulate_grid(self, amount: Array, numbers: list[int], number: int) -> _Cells:
        """Do so for several numbers, of one tree: by differences at the corners of its boxes."""
        mine = self._leaves.of_tree(number)
        axes = []
        for j in numbers:
            low, high = self._low[mine, j], self._high[mine, j]
            cuts = np.unique(np.concatenate([[0.0, 1.0], low, high]))
            axes.append((np.searchsorted(cuts, low), np.searchsorted(cuts, high), np.diff(cuts)))
        total = np.zeros([len(width) + 1 for _, _, width in axes])
        for corner in itertools.product((0, 1), repeat=len(axes)):
            at = tuple(axis[k] for k, axis in zip(corner, axes, strict=True))
            flat = np.ravel_multi_index(at, total.shape)
            sums = np.bincount(flat, amount[mine], total.size).reshape(total.shape)
            total += (-1) ** sum(corner) * sums
        volume = np.ones(())
        for k, (_, _, width) in enumerate(axes):
            total = np.cumsum(total, axis=k)
            volume = np.multiply.outer(volume, width)
        marginal = total[tuple(slice(0, -1) for _ in axes)]
        return _Cells(np.full(volume.size, number), marginal.ravel(), volume.ravel())


def _multiply_others(sides: Array) -> Array:
    """Return for each column the product (l, d) of all others."""
    before, after = np.ones_like(sides), np.ones_like(sides)
    np.cumprod(sides[:, :-1], axis=1, out=before[:, 1:])
    np.cumprod(sides[:, :0:-1], axis=1, out=after[:, -2::-1])
    return np.asarray(before * after)


def first_order(forest: Forest, regimes: list[Regime]) -> Array:
    """Return the shares (d,) of the variance of each parameter alone, where it is active.

    They are means over the trees.

    Args:
        forest: Over the unit columns of a space.
        regimes: Of the space.
    """
    trees = TreeVariance(grow_boxes(forest), forest.n_choices, regimes)
    alone = [trees.of_marginal((j,)) for j in range(len(forest.n_choices))]
    return np.array([_average_share(trees, variance) for variance in alone])


def pair_effects(
    forest: Forest, regimes: list[Regime], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], float]:
    """Return what pairs do together beyond what each does alone: shares of the variance.

    They are means over the first 16 trees.

    Args:
        forest: Over the unit columns of a space.
        regimes: Of the space.
        pairs: Columns of each.
    """
    few = grow_boxes(forest.first(_MOST_IN_PAIRS))
    trees = TreeVariance(few, forest.n_choices, regimes)
    alone = {j: trees.of_marginal((j,)) for j in sorted({j for pair in pairs for j in pair})}
    return {
        (a, b): _average_share(trees, trees.of_marginal((a, b)) - alone[a] - alone[b])
        for a, b in pairs
    }


def _average_share(trees: TreeVariance, variance: Array) -> float:
    """Return the mean share that variances (t,) have of the trees'; those that are flat aside."""
    varies = trees.total > 0
    return float((variance[varies] / trees.total[varies]).mean()) if varies.any() else 0.0
