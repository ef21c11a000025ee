"""A small tree of which the leaves are boxes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from luthier.numerics.rule_tree import grow

RNG = np.random.default_rng(0)
NUMBERS = np.zeros(2, dtype=bool)


def test_a_box_is_found_exactly():
    V = RNG.random((1_000, 2))
    good = (V[:, 0] > 0.25) & (V[:, 0] <= 0.6)
    leaves = grow(V, good, NUMBERS, 3, 5)
    [inside] = [leaf for leaf in leaves if good[leaf.contains(V)].any()]
    assert (inside.contains(V) == good).all()
    assert inside.low[0] == pytest.approx(0.25, abs=0.01)
    assert inside.high[0] == pytest.approx(0.6, abs=0.01)
    assert inside.columns == [0]
    assert inside.without(0).columns == []


def test_leaves_hold_every_point_once_and_none_is_small():
    V = RNG.random((500, 2))
    good = RNG.random(500) < 0.3
    leaves = grow(V, good, NUMBERS, 4, 20)
    held = np.array([leaf.contains(V) for leaf in leaves])
    assert (held.sum(axis=0) == 1).all()
    assert held.sum(axis=1).min() >= 20


def test_its_error_is_that_of_scikit_learns():
    V = RNG.random((600, 2))
    good = (V[:, 0] + V[:, 1] ** 2) < 0.7
    leaves = grow(V, good, NUMBERS, 3, 10)
    wrong = sum(
        min((h := leaf.contains(V) & good).sum(), leaf.contains(V).sum() - h.sum())
        for leaf in leaves
    )
    other = DecisionTreeClassifier(max_depth=3, min_samples_leaf=10, random_state=0).fit(V, good)
    assert wrong == (other.predict(V) != good).sum()


def test_categories_are_parted_as_sets():
    V = np.column_stack([RNG.integers(0, 6, 400).astype(float), RNG.random(400)])
    good = np.isin(V[:, 0], [1, 4])
    leaves = grow(V, good, np.array([True, False]), 3, 5)
    [inside] = [leaf for leaf in leaves if good[leaf.contains(V)].any()]
    assert inside.allowed[0].tolist() == [1, 4]


def test_nothing_to_part_is_one_leaf():
    V = RNG.random((50, 2))
    for good in (np.ones(50, dtype=bool), np.zeros(50, dtype=bool)):
        assert len(grow(V, good, NUMBERS, 3, 5)) == 1
    assert len(grow(np.ones((50, 2)), V[:, 0] > 0.5, NUMBERS, 3, 5)) == 1
