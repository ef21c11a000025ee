"""Random forests for regression, numpy only: all trees grown together, one level at a time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..typing import Array, Index, Mask

_LEAST_GAIN = (
    1e-12  # squared error, where the sample's range is 1: a smaller gain is rounding error
)


class Forest(NamedTuple):
    """Trees as flat arrays over the k nodes of all t trees; the first t nodes are the roots.

    Attributes:
        n_trees: t.
        n_choices: (d,) how many choices a column has, 0 for a number.
        feature: (k,) the column that a node asks.
        threshold: (k,) up to it a number goes left; infinite in a leaf.
        children: (k, 2) left and right; a leaf is its own child.
        value: (k,) mean of the sample in the node.
        spread: (k,) its variance.
        subset: (k,) row of `subsets` where a node asks a category, else -1.
        subsets: (s, c) which categories go right; a column's last one stands for inactive.
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


def columns(X: Array, n_choices: Index) -> Array:
    """(d, n) what the trees ask.

    An inactive number is -1, an inactive category one more than there are.
    """
    return np.ascontiguousarray(
        np.where(np.isnan(X), np.where(n_choices > 0, n_choices, -1.0), X).T
    )


def fit(
    X: Array,
    y: Array,
    n_choices: Index,
    rng: np.random.Generator,
    n_trees: int = 10,
    share: float = 0.632,
    min_leaf: int = 1,
) -> Forest:
    """Grows trees, each on a share of the sample and to its end.

    A node takes the cut that lowers the squared error most, over all columns. A number is cut at a
    random place between the two neighbours that the cut parts: the forest's mean is then nearly
    piecewise linear, and its variance grows where there are no data. Categories are ordered by
    their mean in the node, so that the best cut is the best of all subsets; those that the node has
    not seen go either way.

    Args:
        X: (n, d) unit columns, categories as index, NaN where inactive.
        y: (n,) finite, of a range whose square is; n >= 1.
        n_choices: (d,) how many choices a column has, 0 for a number.
        rng: Source of randomness.
        n_trees: How many.
        share: Of the sample that each tree is grown on, drawn without replacement.
        min_leaf: Fewest trials in a leaf.

    Source: Hutter 2014 (random cuts), Fisher 1958 (categories by their mean). Deviation:
    subsamples, not bootstrap: as good (Buja & Stuetzle 2006), and free of weights.
    """
    low, span = float(y.min()), float(np.ptp(y)) or 1.0
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
        entry = np.full((t, n), -1)
        np.put_along_axis(entry, row, np.arange(row.size).reshape(row.shape), axis=1)
        order = entry[:, np.argsort(V, axis=1, kind="stable")].transpose(1, 0, 2).reshape(d, -1)
        self.order = order[order >= 0].reshape(d, -1)
        self.key = V[np.arange(d)[:, None], self.row[self.order]]
        self.code = V[self.kinds][:, self.row].astype(np.int64)
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
        """Makes k nodes of entries; those that can be split are the next level."""
        count, z = np.bincount(node, minlength=k), self.z[entries]
        mean = np.bincount(node, z, k) / count
        spread = np.bincount(node, (z - mean[node]) ** 2, k) / count
        index = self.n_nodes + np.arange(k)
        self.value[index], self.spread[index] = mean, spread
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
        """(k,) the best column of each node, the position of the last entry on its left, and whether it is any good."""
        home = np.repeat(np.arange(len(self.count)), self.count)
        first = np.cumsum(self.count) - self.count
        if len(self.kinds):
            self._sort_categories(home)
        n_left = np.arange(len(home)) + 1 - first[home]
        n_right = self.count[home] - n_left
        allowed = (n_left >= self.min_leaf) & (n_right >= self.min_leaf)
        # About the node's mean, the sum on the right is the negative of the one on the left, and
        # the squared error
        # falls by its square times this:
        weight = np.where(allowed, 1 / n_left + 1 / np.maximum(n_right, 1), 0.0)
        score = np.cumsum((self.z - self.mean[self.node])[self.order], axis=1)
        score *= score
        score *= weight
        score[:, :-1] *= self.key[:, 1:] > self.key[:, :-1]
        f = np.maximum.reduceat(score, first, axis=1).argmax(axis=0)
        score_f = score[f[home], np.arange(len(home))]
        top = np.maximum.reduceat(score_f, first)
        at = np.flatnonzero(score_f == top[home])
        return f, at[np.searchsorted(home[at], np.arange(len(f)))], top > _LEAST_GAIN

    def _sort_categories(self, home: Index) -> None:
        """Orders the entries of each node by the mean of their category there.

        Means (c, k, choices).
        """
        kinds = self.kinds
        k = len(self.count)
        alive = self.order[0]
        c = len(kinds)
        width = self.subsets[0].shape[1]
        each = np.arange(len(kinds))[:, None]
        place = (each * k + self.node[alive]) * width + self.code[:, alive]
        n = np.bincount(place.ravel(), minlength=c * k * width)
        total = np.bincount(place.ravel(), np.tile(self.z[alive], c), c * k * width)
        means = np.where(
            n > 0, np.round(total / np.maximum(n, 1), 9), np.nan
        )  # rounded: `by` resolves no finer
        self.means = means.reshape(c, k, width)
        order = self.order[kinds]
        key = self.means[each, home, np.take_along_axis(self.code, order, 1)]
        by = np.argsort(home * 2.0 + key, axis=1)
        self.order[kinds] = np.take_along_axis(order, by, 1)
        self.key[kinds] = np.take_along_axis(key, by, 1)

    def split(self, f: Index, at: Index, good: Mask) -> None:
        """Splits the level's nodes by column f (k,) after position `at` (k,), where that is good (k,)."""
        s, n = np.flatnonzero(good), int(good.sum())
        a, b = self.key[f, at], self.key[f, np.minimum(at + 1, self.key.shape[1] - 1)]
        cut = a + self.rng.random(len(f)) * (b - a)
        cut = np.where(cut < b, cut, a)
        index = self.index[s]
        self.feature[index], self.threshold[index] = f[s], cut[s]
        self.children[index] = self.n_nodes + np.arange(n)[:, None] + [0, n]
        asks = s[self.n_choices[f[s]] > 0]
        if len(asks):
            mean = self.means[np.searchsorted(self.kinds, f[asks]), asks]
            either = self.rng.random(mean.shape) < 0.5
            self.subset[self.index[asks]] = self.n_subsets + np.arange(len(asks))
            self.subsets.append(np.where(np.isnan(mean), either, mean > cut[asks, None]))
            self.n_subsets += len(asks)
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
    """(t, n) the leaf that each point reaches in each tree."""
    n, t = len(X), forest.n_trees
    V, children = columns(X, forest.n_choices).ravel(), forest.children.ravel()
    code = V.astype(np.int64) if len(forest.subsets) else None
    out = np.repeat(np.arange(t), n)
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


def predict(forest: Forest, X: Array) -> tuple[Array, Array]:
    """Mean and variance (n,) over trees, that within leaves included (law of total variance)."""
    leaf = leaves(forest, X)
    value = forest.value[leaf]
    return value.mean(axis=0), value.var(axis=0) + forest.spread[leaf].mean(axis=0)
