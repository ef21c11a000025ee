"""Shapley values: the axioms, and the formula over all orders written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.analysis.importances.shapley import (
    estimate_shapley,
    shapley_interactions,
    shapley_values,
)

games = st.integers(1, 4).flatmap(
    lambda d: st.lists(st.integers(-9, 9).map(float), min_size=2**d, max_size=2**d)
)


@given(games)
def test_values_are_means_over_all_orders(payoff) -> None:
    payoff = np.array(payoff)
    d = len(payoff).bit_length() - 1
    expected = np.zeros(d)
    orders = list(itertools.permutations(range(d)))
    for order in orders:
        coalition = 0
        for j in order:
            expected[j] += payoff[coalition | 1 << j] - payoff[coalition]
            coalition |= 1 << j
    got = shapley_values(payoff)
    np.testing.assert_allclose(got, expected / len(orders), atol=1e-9)
    assert got.sum() == pytest.approx(payoff[-1] - payoff[0])


def coalitions(d: int) -> np.ndarray:
    return (np.arange(2**d)[:, None] >> np.arange(d)) & 1


def test_a_dummy_gets_nothing_equals_get_the_same_and_sums_do_not_interact() -> None:
    payoff = coalitions(4) @ np.array([1.0, 2.0, 2.0, 0.0])
    np.testing.assert_allclose(shapley_values(payoff), [1, 2, 2, 0])
    np.testing.assert_allclose(shapley_interactions(payoff), np.zeros((4, 4)), atol=1e-12)


def test_a_product_of_two_interacts_fully() -> None:
    payoff = coalitions(3)[:, :2].prod(axis=1) * 1.0
    np.testing.assert_allclose(shapley_values(payoff), [0.5, 0.5, 0])
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = 1.0
    np.testing.assert_allclose(shapley_interactions(payoff), expected, atol=1e-12)


def test_random_orders_come_near_the_values() -> None:
    rng = np.random.default_rng(0)
    payoff = rng.random(2**5)
    pay = lambda in_it: float(payoff[int(in_it @ (1 << np.arange(5)))])  # noqa: E731
    np.testing.assert_allclose(estimate_shapley(pay, 5, rng), shapley_values(payoff), atol=0.05)
