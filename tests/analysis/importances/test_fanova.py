"""Functional ANOVA of forests: exact on trees, by sums over a grid of all cells."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from luthier import Categorical, Float, Space
from luthier.analysis.importances.fanova import (
    TreeVariance,
    find_regimes,
    first_order,
    grow_boxes,
    pair_effects,
)
from luthier.numerics import forest

NUMBERS = np.zeros(3, dtype=np.int64)
CUBE = Space(dict.fromkeys("abc", Float(0, 1)))
REGIMES = find_regimes(CUBE, np.random.default_rng(0))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def grid_variance(fitted, columns, n=24) -> tuple[float, float]:
    """Variance of a marginal, and of the whole, by a tree's values on a fine grid."""
    at = (np.arange(n) + 0.5) / n
    G = np.stack(np.meshgrid(*[at] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    F = forest.predict(fitted, G)[0].reshape(n, n, n)
    rest = tuple(j for j in range(3) if j not in columns)
    return float(F.mean(axis=rest).var()), float(F.var())


def step_function(n=400):
    """Cuts at quarters only, so that a grid of 24 sees every cell."""
    X = (np.floor(rng().random((n, 3)) * 4) + 0.5) / 4
    y = 3.0 * (X[:, 0] > 0.5) + (X[:, 1] > 0.25) * (X[:, 2] > 0.75)
    return X, y


def test_a_tree_of_steps_has_the_variances_of_its_cells() -> None:
    X, y = step_function()
    fitted = forest.fit(X, y, NUMBERS, rng(), n_trees=1, share=1.0)
    # A cut lies anywhere between two values; here it is moved to the border of their cells.
    cuts = np.round(fitted.threshold * 4) / 4
    fitted = fitted._replace(threshold=np.where(np.isfinite(cuts), cuts, fitted.threshold))
    tree = TreeVariance(grow_boxes(fitted), NUMBERS, REGIMES)
    for size in (1, 2, 3):
        for columns in itertools.combinations(range(3), size):
            marginal, total = grid_variance(fitted, columns)
            assert tree.of_marginal(columns) == pytest.approx(marginal, abs=1e-12)
            assert tree.total == pytest.approx(total)


def test_all_shares_of_a_tree_sum_to_one() -> None:
    X = rng().random((200, 3))
    fitted = forest.fit(X, np.sin(9 * X[:, 0] * X[:, 1]) + X[:, 2], NUMBERS, rng(), n_trees=1)
    tree = TreeVariance(grow_boxes(fitted), NUMBERS, REGIMES)
    v = {
        columns: tree.of_marginal(columns)
        for size in (1, 2, 3)
        for columns in itertools.combinations(range(3), size)
    }
    alone = sum(v[c,] for c in range(3))
    pairs = sum(v[a, b] - v[a,] - v[b,] for a, b in itertools.combinations(range(3), 2))
    third = v[0, 1, 2] - pairs - alone
    assert alone + pairs + third == pytest.approx(tree.total)
    assert v[0, 1, 2] == pytest.approx(tree.total)


def test_categories_count_by_their_choices() -> None:
    space = Space({"kind": Categorical(("a", "b", "c")), "x": Float(0, 1)})
    X = space.sample(rng(), 300)
    fitted = forest.fit(X, (X[:, 0] == 2) * 1.0, np.array([3, 0]), rng(), n_trees=4)
    regimes = find_regimes(space, rng())
    assert first_order(fitted, regimes) == pytest.approx([1.0, 0.0])
    assert pair_effects(fitted, regimes, [(0, 1)])[0, 1] == pytest.approx(0.0, abs=1e-12)


def test_a_child_counts_where_its_gate_is_on() -> None:
    space = Space({"model": Categorical(("a", "b")), "lr": Float(0, 1, when={"model": ["b"]})})
    X = space.sample(rng(), 2000)
    y = np.where(X[:, 0] == 1, 1 + 4 * np.nan_to_num(X[:, 1]), 0.0)
    fitted = forest.fit(X, y, np.array([2, 0]), rng(), n_trees=8)
    shares = first_order(fitted, find_regimes(space, rng()))
    by_gate, by_lr = 0.25 * 9, 0.5 * 16 / 12
    expected = np.array([by_gate, by_lr]) / (by_gate + by_lr)
    np.testing.assert_allclose(shares, expected, atol=0.03)


def test_a_constant_has_no_shares() -> None:
    X = rng().random((30, 3))
    fitted = forest.fit(X, np.zeros(30), NUMBERS, rng(), n_trees=3)
    regimes = REGIMES
    assert first_order(fitted, regimes).tolist() == [0.0] * 3
    assert pair_effects(fitted, regimes, [(0, 1)]) == {(0, 1): 0.0}
