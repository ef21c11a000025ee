"""Random forests for regression, numpy only: all trees grown together, one level at a time.

Notation: t trees over n trials with d columns X (n, d) and losses y (n,); V (d, n) are the columns
as the trees read them, z (r,) the losses of all entries, scaled to [0, 1]. An entry is a trial in
the sample of a tree, so that there are r = t · size of them; f (k,) is the column by which each of
the k nodes of a level is split.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..typing import Array, Index, Mask

# Least gain in squared error, where the sample's range is 1; a smaller one is rounding error.
_LEAST_GAIN = 1e-12


class Forest(NamedTuple):
    """Trees as flat arrays over the k nodes of all t trees; the first t nodes are the roots.

    Attributes:
        n_trees: t.
        n_choices: (d,) number of choices of a column, 0 for a number.
        feature: (k,) the column by which a node is split.
        threshold: (k,) numbers up to it go left; infinite in a leaf.
        children: (k, 2) left and right; a leaf is its own child.
        value: (k,) mean of the sample in the node.
        spread: (k,) its variance.
        subset: (k,) row of `subsets` where a node splits by a category, else -1.
        subsets: (s, c) whether a category goes right; a column's last one stands for inactive.
        row: (t, size) the trials on which each tree was grown.
    """

    n_trees: int
    n_choices: Index
    feature: Index
    threshold: Array
    children: Index
    value: Array
    spread: Array
    subset: Index
    subsets: Mask
    row: Index

    def first(self, t: int) -> Forest:
        """Return the first t trees alone."""
        return self._replace(n_trees=min(t, self.n_trees), row=self.row[:t])


def columns(X: Array, n_choices: Index) -> Array:
    """Columns (d, n) of points X (n, d), without NaN.

    An inactive number is -1, an inactive category one more than there are.
    """
    inactive = np.where(n_choices > 0, n_choices, -1.0)
    return np.ascontiguousarray(np.where(np.isnan(X), inactive, X).T)


def fit(
    X: Array,
    y: Array,
    n_choices: Index,
    rng: np.random.Generator,
    n_trees: int = 10,
    share: float = 0.632,
    min_leaf: int = 1,
) -> Forest:
    """Grow trees to their ends, each on a share of the sample.

    A node takes the cut that lowers the squared error most, over all columns. A number is cut at a
    random place between the two neighbours that the cut parts: the forest's mean is then nearly
    piecewise linear, and its variance grows where there are no data. Categories are ordered by
    their mean in the node, so that the best cut is the best of all subsets; those that the node has
    not seen go either way.

    Args:
        X: (n, d) unit columns, categories as index, NaN where inactive.
        y: (n,) finite, of a range whose square is; n >= 1.
        n_choices: (d,) number of choices of a column, 0 for a number.
        rng: Source of randomness.
        n_trees: Number of trees.
        share: Of the sample that each tree is grown on, drawn without replacement.
        min_leaf: Fewest trials in a leaf.

    Source: Hutter 2014 (random cuts), Fisher 1958 (categories by their mean). Deviation:
    subsamples, not bootstrap: as good (Buja & Stuetzle 2006), and free of weights.
    """
    low = float(y.min())
    span = float(np.ptp(y)) or 1.0
    size = math.ceil(share * len(X))
    row = np.sort(rng.permuted(np.tile(np.arange(len(X)), (n_trees, 1)), axis=1)[:, :size], axis=1)
    growth = _Growth(columns(X, n_choices), (y - low) / span, n_choices, row, rng, min_leaf)
    while growth.order.size:
        growth.split(*growth.cuts())

    k = growth.n_nodes
    value = growth.value
    spread = growth.spread
    return Forest(
        n_trees,
        n_choices,
        growth.feature[:k],
        growth.threshold[:k],
        growth.children[:k],
        value[:k] * span + low,
        spread[:k] * span**2,
        growth.subset[:k],
        np.concatenate(growth.subsets),
        row,
    )


class _Growth:
    """Trees that grow, one level of all of them at a time.

    An entry stands for a trial in the sample of a tree. Those of the level's nodes are kept once
    for each column, by node and therein by value, so that every cut of every node is scored by
    cumulative sums.

    Attributes:
        order: (d, m) entries.
        key: (d, m) their values, of a category the mean in the node.
        node: (r,) of every entry the node, among those of the level; -1 where it has come to a
            leaf.
        index: (k,) the level's nodes among all nodes.
        count: (k,) their entries.
        mean: (k,) their means.
    """

    def __init__(
        self,
        V: Array,
        z: Array,
        n_choices: Index,
        row: Index,
        rng: np.random.Generator,
        min_leaf: int,
    ) -> None:
        (t, size), (d, n) = row.shape, V.shape
        self.rng = rng
        self.min_leaf = min_leaf
        self.n_choices = n_choices
        self.kinds = np.flatnonzero(n_choices)
        self.row = row.ravel()
        self.z = z[row.ravel()]

        # The entries of all trees, sorted by each column.
        entry = np.full((t, n), -1)
        np.put_along_axis(entry, row, np.arange(row.size).reshape(row.shape), axis=1)
        order = entry[:, np.argsort(V, axis=1, kind="stable")].transpose(1, 0, 2).reshape(d, -1)
        self.order = order[order >= 0].reshape(d, -1)
        self.key = V[np.arange(d)[:, None], self.row[self.order]]
        self.code = V[self.kinds][:, self.row].astype(np.int64)

        # A binary tree has fewer than twice as many nodes as entries.
        most = 2 * row.size
        self.feature = np.zeros(most, dtype=np.int64)
        self.children = np.repeat(np.arange(most), 2).reshape(-1, 2)
        self.threshold = np.full(most, np.inf)
        self.value = np.zeros(most)
        self.spread = np.zeros(most)
        self.subset = np.full(most, -1)
        self.n_nodes = 0
        self.n_subsets = 0
        self.subsets = [np.zeros((0, int(n_choices.max(initial=0)) + 1), dtype=bool)]
        self._enter(np.arange(row.size), np.repeat(np.arange(t), size), t)

    def _enter(self, entries: Index, node: Index, k: int) -> None:
        """Make k nodes of entries; those that can be split are the next level."""
        z = self.z[entries]
        count = np.bincount(node, minlength=k)
        mean = np.bincount(node, z, k) / count
        spread = np.bincount(node, (z - mean[node]) ** 2, k) / count
        index = self.n_nodes + np.arange(k)
        self.value[index] = mean
        self.spread[index] = spread
        self.n_nodes += k

        live = (spread > _LEAST_GAIN) & (count >= 2 * self.min_leaf)
        self.node = np.full(len(self.row), -1)
        self.node[entries] = np.where(live, np.cumsum(live) - 1, -1)[node]
        self.index = index[live]
        self.count = count[live]
        self.mean = mean[live]
        if not live.all():
            here = (self.node >= 0)[self.order]
            self.order, self.key = (M[here].reshape(len(M), -1) for M in (self.order, self.key))

    def cuts(self) -> tuple[Index, Index, Mask]:
        """Find the best cut of each node.

        Returns:
            The column (k,), the position (k,) of the last entry on the left, and whether the cut
            lowers the squared error (k,).
        """
        home = np.repeat(np.arange(len(self.count)), self.count)
        first = np.cumsum(self.count) - self.count
        if len(self.kinds):
            self._sort_categories(home)
        n_left = np.arange(len(home)) + 1 - first[home]
        n_right = self.count[home] - n_left
        allowed = (n_left >= self.min_leaf) & (n_right >= self.min_leaf)

        # About the node's mean, the sum on the right is the negative of the one on the left, and
        # the squared error falls by its square times this:
        weight = np.where(allowed, 1 / n_left + 1 / np.maximum(n_right, 1), 0.0)
        score = np.cumsum((self.z - self.mean[self.node])[self.order], axis=1)
        score *= score
        score *= weight
        score[:, :-1] *= self.key[:, 1:] > self.key[:, :-1]

        # The best column of each node, and therein the first of the best positions.
        f = np.maximum.reduceat(score, first, axis=1).argmax(axis=0)
        score_f = score[f[home], np.arange(len(home))]
        top = np.maximum.reduceat(score_f, first)
        at = np.flatnonzero(score_f == top[home])
        return f, at[np.searchsorted(home[at], np.arange(len(f)))], top > _LEAST_GAIN

    def _sort_categories(self, home: Index) -> None:
        """Sort the entries of each node by the mean of their category there.

        Keeps the means (c, k, choices) of the c categorical columns for `split`.
        """
        kinds = self.kinds
        c = len(kinds)
        k = len(self.count)
        alive = self.order[0]
        width = self.subsets[0].shape[1]
        each = np.arange(c)[:, None]

        # The mean of each category in each node, rounded, as `by` resolves no finer.
        place = (each * k + self.node[alive]) * width + self.code[:, alive]
        n = np.bincount(place.ravel(), minlength=c * k * width)
        total = np.bincount(place.ravel(), np.tile(self.z[alive], c), c * k * width)
        means = np.where(n > 0, np.round(total / np.maximum(n, 1), 9), np.nan)
        self.means = means.reshape(c, k, width)

        order = self.order[kinds]
        key = self.means[each, home, np.take_along_axis(self.code, order, 1)]
        by = np.argsort(home * 2.0 + key, axis=1)
        self.order[kinds] = np.take_along_axis(order, by, 1)
        self.key[kinds] = np.take_along_axis(key, by, 1)

    def split(self, f: Index, at: Index, good: Mask) -> None:
        """Split the level's nodes.

        Args:
            f: (k,) column by which a node is split.
            at: (k,) position of the last entry on the left.
            good: (k,) whether the node is split at all.
        """
        s = np.flatnonzero(good)
        n = len(s)

        # The threshold lies at random between the two values that the cut parts.
        a = self.key[f, at]
        b = self.key[f, np.minimum(at + 1, self.key.shape[1] - 1)]
        cut = a + self.rng.random(len(f)) * (b - a)
        cut = np.where(cut < b, cut, a)
        index = self.index[s]
        self.feature[index] = f[s]
        self.threshold[index] = cut[s]
        self.children[index] = self.n_nodes + np.arange(n)[:, None] + [0, n]

        # Categories above the cut go right, those that the node has not seen either way.
        asks = s[self.n_choices[f[s]] > 0]
        if len(asks):
            mean = self.means[np.searchsorted(self.kinds, f[asks]), asks]
            either = self.rng.random(mean.shape) < 0.5
            self.subset[self.index[asks]] = self.n_subsets + np.arange(len(asks))
            self.subsets.append(np.where(np.isnan(mean), either, mean > cut[asks, None]))
            self.n_subsets += len(asks)

        # Entries keep their order on each side; those on the left come first.
        position = np.arange(self.order.shape[1])
        home = np.repeat(np.arange(len(f)), self.count)
        right = np.zeros(len(self.row), dtype=bool)
        right[self.order[f[home], position]] = position > at[home]
        goes = good[self.node] & (self.node >= 0)
        sides = [(goes & ~right)[self.order], (goes & right)[self.order]]
        self.order, self.key = (
            np.concatenate([M[side].reshape(len(M), -1) for side in sides], axis=1)
            for M in (self.order, self.key)
        )

        entries = np.flatnonzero(goes)
        self._enter(entries, (np.cumsum(good) - 1)[self.node[entries]] + right[entries] * n, 2 * n)


def leaves(forest: Forest, X: Array) -> Index:
    """Leaves (t, n) that the points X (n, d) reach in each tree."""
    n = len(X)
    t = forest.n_trees
    V = columns(X, forest.n_choices).ravel()
    children = forest.children.ravel()
    code = V.astype(np.int64) if len(forest.subsets) else None
    out = np.repeat(np.arange(t), n)

    # All points go down one level at a time; a leaf, its own child, ends their way.
    todo = np.arange(t * n)
    point = np.tile(np.arange(n), t)
    node = out.copy()
    while len(todo):
        at = forest.feature[node] * n + point
        right = V[at] > forest.threshold[node]
        if code is not None:
            subset = forest.subset[node]
            asks = np.flatnonzero(subset >= 0)
            right[asks] = forest.subsets[subset[asks], code[at[asks]]]
        after = children[2 * node + right]
        out[todo] = after
        moved = after != node
        todo = todo[moved]
        point = point[moved]
        node = after[moved]
    return out.reshape(t, n)


def predict_left_out(forest: Forest, X: Array) -> Array:
    """Mean (n,) of the trees that a trial was not in the sample of; X (n, d) are the trials.

    Where a trial was in all samples, the mean of all trees.

    Source: Breiman 2001, section 3.1.
    """
    value = forest.value[leaves(forest, X)]
    out = np.ones(value.shape, dtype=bool)
    np.put_along_axis(out, forest.row, False, axis=1)
    out[:, ~out.any(axis=0)] = True
    return np.asarray((value * out).sum(axis=0) / out.sum(axis=0))


def predict(forest: Forest, X: Array) -> tuple[Array, Array]:
    """Mean and variance (n,) over the trees, by the law of total variance.

    Source: Hutter 2014 (the variance within leaves is added to that between trees).
    """
    leaf = leaves(forest, X)
    value = forest.value[leaf]
    return value.mean(axis=0), value.var(axis=0) + forest.spread[leaf].mean(axis=0)
