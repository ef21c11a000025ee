"""Whether a window of rows comes from the same distribution as a reference.

The tests are exact for any number of rows, so that a budget of false alarms is held where it is
spent in pieces of a millionth. A size of the effect stands beside each: with many rows every window
differs surely, and by nothing that matters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import hypergeom, norm, rankdata

from ..typing import Array, Index, Mask
from . import forest


class BinsTest(NamedTuple):
    """Comparison of counts in bins.

    Attributes:
        p: Probability of a difference as large in any of the bins, if there is none.
        stability: Population stability index: the size of the effect.
        bin: The bin that differs most surely.
    """

    p: float
    stability: float
    bin: int


class WholeTest(NamedTuple):
    """Comparison of all columns together.

    Attributes:
        p: Probability of a classifier as good as this, if there is no difference.
        auc: How well it tells a row of the window from one of the reference; .5 is not at all.
        columns: (d,) how much of that is lost without each column; zeros above the level.
    """

    p: float
    auc: float
    columns: Array


def compare_bins(reference: ArrayLike, window: ArrayLike) -> BinsTest:
    """Compare the counts of two samples in the same bins.

    Args:
        reference: (b,) counts.
        window: (b,) counts.

    Raises:
        ValueError: Counts of unlike number, or negative ones.

    Source: Fisher's exact test of each bin against the others, two-sided, times the number of bins
        (Bonferroni).
    """
    m, n = _same_bins(reference, window)
    n_m, n_n = int(m.sum()), int(n.sum())
    if not n_m or not n_n:
        return BinsTest(1.0, 0.0, 0)

    total = n_m + n_n
    tails = np.minimum(hypergeom.cdf(n, total, m + n, n_n), hypergeom.sf(n - 1, total, m + n, n_n))
    worst = int(np.argmin(tails))
    n_used = int((m + n > 0).sum())
    p = min(1.0, 2.0 * n_used * float(tails[worst]))
    return BinsTest(p, measure_stability(m, n), worst)


def measure_stability(reference: ArrayLike, window: ArrayLike) -> float:
    """Population stability index of the counts of two samples in the same bins: 0 for none.

    Args:
        reference: (b,) counts.
        window: (b,) counts.

    Raises:
        ValueError: Counts of unlike number, or negative ones.

    Source: Kullback and Leibler 1951, the symmetric divergence. Half a row is added to each bin, so
        that an empty one is finite.
    """
    m, n = ((k + 0.5) / (k + 0.5).sum() for k in _same_bins(reference, window))
    return float(((n - m) * np.log(n / m)).sum())


def compare_whole(
    reference: Array,
    window: Array,
    rng: np.random.Generator,
    n_trees: int = 20,
    level: float = 1.0,
) -> WholeTest:
    """Compare two tables by a classifier that tells their rows apart.

    It learns from one half of the rows and is tested on the other, so that under no difference its
    scores are exchangeable, whatever it is.

    Args:
        reference: (m, d) numbers, NaN where missing.
        window: (n, d) numbers.
        rng: For the halves and the trees.
        n_trees: Of the forest.
        level: Columns are looked at where p is at most this.

    Source: Lopez-Paz and Oquab 2017, with the rank sum of Mann and Whitney as the statistic.
    """
    size = min(len(reference), len(window))
    if size < 4:
        return WholeTest(1.0, 0.5, np.zeros(reference.shape[1]))
    X = np.vstack([_pick(reference, size, rng), _pick(window, size, rng)])
    X = np.where(np.isnan(X), 0.0, rankdata(X, axis=0, nan_policy="omit"))
    y = np.repeat([0.0, 1.0], size)
    order = rng.permutation(2 * size)
    train, test = order[:size], order[size:]

    numbers = np.zeros(X.shape[1], dtype=np.int64)
    trees = forest.fit(X[train], y[train], numbers, rng, n_trees, min_leaf=3)
    auc = _measure_auc(trees, X[test], y[test])
    n_b = int(y[test].sum())
    n_a = size - n_b
    std = np.sqrt((n_a + n_b + 1) / (12.0 * max(n_a * n_b, 1)))
    p = float(norm.sf((auc - 0.5) / std))
    if p > level:
        return WholeTest(p, auc, np.zeros(X.shape[1]))

    lost = np.empty(X.shape[1])
    for j in range(X.shape[1]):
        shuffled = X[test].copy()
        shuffled[:, j] = rng.permutation(shuffled[:, j])
        lost[j] = auc - _measure_auc(trees, shuffled, y[test])
    return WholeTest(p, auc, lost)


def count_in_bins(values: Array, edges: Array) -> Index:
    """Counts (len(edges) + 2,) of numbers between edges; the last is that of missing ones."""
    is_missing: Mask = np.isnan(values)
    places = np.searchsorted(edges, values[~is_missing], side="right")
    counts = np.bincount(places, minlength=len(edges) + 2)
    counts[-1] = int(is_missing.sum())
    return counts.astype(np.int64)


def find_edges(values: Array, n_bins: int = 10) -> Array:
    """Edges (at most n_bins - 1,) that divide numbers into bins of about the same count."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.empty(0)
    inner = np.quantile(known, np.linspace(0, 1, n_bins + 1)[1:-1])
    distinct = np.unique(known)
    if len(distinct) <= n_bins:  # each number has a bin of its own
        return (distinct[1:] + distinct[:-1]) / 2
    return np.unique(inner)


def _same_bins(reference: ArrayLike, window: ArrayLike) -> tuple[Index, Index]:
    m, n = np.asarray(reference, np.int64), np.asarray(window, np.int64)
    if m.shape != n.shape or m.ndim != 1 or min(m.min(initial=0), n.min(initial=0)) < 0:
        raise ValueError(f"expected counts of the same bins, got {m.tolist()} and {n.tolist()}")
    return m, n


def _pick(rows: Array, size: int, rng: np.random.Generator) -> Array:
    return rows if len(rows) == size else rows[rng.choice(len(rows), size, replace=False)]


def _measure_auc(trees: forest.Forest, X: Array, y: Array) -> float:
    ranks = rankdata(forest.predict(trees, X)[0])
    n_b = int(y.sum())
    n_a = len(y) - n_b
    if not n_a or not n_b:
        return 0.5
    return float((ranks[y == 1].sum() - n_b * (n_b + 1) / 2) / (n_a * n_b))
