"""Random forests: what they fit, what is inactive or unseen, and that their cost is bounded."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.numerics.forest import fit, leaves, predict, predict_left_out

NUMBERS = np.zeros(3, dtype=np.int64)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def explained(truth: np.ndarray, guess: np.ndarray) -> float:
    return 1 - float(np.mean((truth - guess) ** 2) / np.var(truth))


def test_it_learns_numbers_and_categories() -> None:
    def f(X: np.ndarray) -> np.ndarray:
        return np.where(np.isin(X[:, 0], [1, 4]), 3 * X[:, 1], 1 - X[:, 2] ** 2)

    X, T = (
        np.column_stack([r.integers(6, size=400), r.random((400, 2))]).astype(float)
        for r in (rng(1), rng(2))
    )
    forest = fit(X, f(X), np.array([6, 0, 0]), rng(), n_trees=16)
    assert explained(f(T), predict(forest, T)[0]) > 0.9
    assert explained(f(X), predict(forest, X)[0]) > 0.97


def test_a_tree_on_the_whole_sample_knows_it_by_heart() -> None:
    X, y = rng(1).random((200, 3)), rng(2).random(200)
    forest = fit(X, y, NUMBERS, rng(), n_trees=5, share=1.0)
    mean, variance = predict(forest, X)
    np.testing.assert_allclose(mean, y)
    np.testing.assert_allclose(variance, 0, atol=1e-12)


def test_variance_grows_where_there_are_no_data() -> None:
    x = np.concatenate([np.linspace(0, 0.3, 40), np.linspace(0.7, 1, 40)])[:, None]
    forest = fit(x, np.sign(x[:, 0] - 0.5), NUMBERS[:1], rng(), n_trees=200)
    mean, variance = predict(forest, np.array([[0.1], [0.5], [0.9]]))
    np.testing.assert_allclose(mean, [-1, 0, 1], atol=0.2)
    assert variance[1] > 0.5
    assert variance[[0, 2]].max() < 1e-9
    between = predict(forest, np.array([[0.4], [0.6]]))[0]
    np.testing.assert_allclose(between, [-0.5, 0.5], atol=0.25)  # nearly linear across the gap


def test_inactive_values_are_a_branch_of_their_own() -> None:
    X = rng(1).random((300, 2))
    X[::2, 0] = np.nan
    X[1::3, 1] = np.nan
    y = np.where(np.isnan(X[:, 0]), 5.0, np.nan_to_num(X[:, 0]))
    mean, _ = predict(fit(X, y, NUMBERS[:2], rng()), X)
    assert np.abs(mean - y)[::2].max() < 1e-9
    C = np.where(np.isnan(X), np.nan, np.floor(X * 4))
    y = np.where(np.isnan(C[:, 0]), 5.0, np.nan_to_num(C[:, 0]))
    mean, _ = predict(fit(C, y, np.array([4, 4]), rng()), C)
    np.testing.assert_allclose(mean, y, atol=1e-9)


def test_one_cut_separates_any_subset_of_many_choices() -> None:
    """Ordered by their means, categories need no luck with their codes."""
    c = np.tile(np.arange(1000.0), 2)[:, None]
    good = rng(3).random(1000) < 0.5
    forest = fit(c, np.tile(good, 2) * 1.0, np.array([1000]), rng(), n_trees=4, share=1.0)
    assert len(forest.feature) == 4 * 3
    np.testing.assert_array_equal(predict(forest, c[:1000])[0], good)


def test_unseen_choices_go_either_way() -> None:
    c = np.repeat([0.0, 1.0], 20)[:, None]
    forest = fit(c, c[:, 0], np.array([10]), rng(), n_trees=300, share=1.0)
    mean, variance = predict(forest, np.arange(2.0, 10)[:, None])
    assert np.abs(mean - 0.5).max() < 0.15
    assert variance.min() > 0.2


def test_variance_is_total() -> None:
    """Draws at one place cannot be told apart: the leaf's variance is that of the noise."""
    y = rng(1).standard_normal(400)
    mean, variance = predict(fit(np.zeros((400, 3)), y, NUMBERS, rng()), np.zeros((1, 3)))
    assert mean[0] == pytest.approx(y.mean(), abs=0.1)
    assert variance[0] == pytest.approx(y.var(), rel=0.1)


def test_trees_are_trees() -> None:
    X = np.column_stack([rng(1).random((150, 2)), rng(2).integers(4, size=150)])
    forest = fit(X, rng(3).random(150), np.array([0, 0, 4]), rng(), n_trees=7)
    inner = np.flatnonzero(forest.children[:, 0] != np.arange(len(forest.feature)))
    below = forest.children[inner].ravel()
    assert (
        len(set(below)) == len(below) == len(forest.feature) - 7
    )  # every node but the roots has one parent
    leaf = leaves(forest, X)
    assert leaf.shape == (7, 150)
    assert not np.isin(leaf, inner).any()


def test_trials_that_are_left_out_are_predicted_by_the_trees_that_have_not_seen_them() -> None:
    X, y = rng(1).random((40, 3)), rng(2).random(40)
    forest = fit(X, y, NUMBERS, rng(), n_trees=8)
    got = predict_left_out(forest, X)
    value = forest.value[leaves(forest, X)]
    for i in range(40):
        unseen = [k for k in range(8) if i not in forest.row[k]]
        assert got[i] == pytest.approx(value[unseen or range(8), i].mean())
    knows_all = fit(X, y, NUMBERS, rng(), n_trees=2, share=1.0)
    np.testing.assert_allclose(predict_left_out(knows_all, X), y)


def test_the_first_trees_are_a_forest_of_their_own() -> None:
    X, y = rng(1).random((40, 3)), rng(2).random(40)
    forest = fit(X, y, NUMBERS, rng(), n_trees=8)
    few = forest.first(3)
    assert (few.n_trees, len(few.row)) == (3, 3)
    np.testing.assert_array_equal(leaves(few, X), leaves(forest, X)[:3])


def test_fewest_in_a_leaf() -> None:
    X, y = rng(1).random((200, 3)), rng(2).random(200)
    forest = fit(X, y, NUMBERS, rng(), n_trees=3, share=1.0, min_leaf=5)
    assert np.unique(leaves(forest, X), return_counts=True)[1].min() >= 5


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("d", [1, 200])
def test_tiny_samples(n: int, d: int) -> None:
    X = rng().random((n, d))
    mean, variance = predict(fit(X, X[:, 0], np.zeros(d, dtype=np.int64), rng()), X)
    assert np.isfinite(mean).all()
    assert (variance >= 0).all()


@pytest.mark.parametrize("value", [0.0, -1e300, 7.25])
def test_constants_need_one_node(value: float) -> None:
    forest = fit(rng().random((50, 3)), np.full(50, value), NUMBERS, rng(), n_trees=4)
    assert len(forest.feature) == 4
    mean, variance = predict(forest, rng().random((5, 3)))
    np.testing.assert_allclose(mean, value)
    np.testing.assert_array_equal(variance, 0)


def test_the_same_generator_gives_the_same_forest() -> None:
    X, y = rng(1).random((80, 3)), rng(2).random(80)
    for a, b in zip(fit(X, y, NUMBERS, rng(5)), fit(X, y, NUMBERS, rng(5)), strict=True):
        np.testing.assert_array_equal(a, b)
