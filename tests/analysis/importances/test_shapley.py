"""Shapley values of the variance: closed forms, and the axioms of interactions."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.analysis.importances.shapley import (
    pay_coalitions,
    shapley_effects,
    shapley_interactions,
)


def coalitions(d: int) -> np.ndarray:
    return (np.arange(2**d)[:, None] >> np.arange(d)) & 1


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_values_of_a_sum_are_the_variances_of_its_terms() -> None:
    calls = []

    def f(U: np.ndarray) -> np.ndarray:
        calls.append(len(U))
        return U @ np.array([3.0, 2.0, 2.0, 0.0])

    values = shapley_effects(f, 4, rng())
    np.testing.assert_allclose(values, np.array([9, 4, 4, 0]) / 12, atol=0.02)
    assert values[3] == 0
    assert len(calls) == 5  # points along a path, all paths at once


def test_what_two_do_together_is_shared_and_the_values_sum_to_the_variance() -> None:
    def f(U: np.ndarray) -> np.ndarray:
        return (2 * U[:, 0] - 1) * (2 * U[:, 1] - 1)

    values = shapley_effects(f, 3, rng())
    np.testing.assert_allclose(values, [1 / 18, 1 / 18, 0], atol=0.005)
    assert values.sum() == pytest.approx(1 / 9, abs=0.005)


def test_a_coalition_is_paid_the_share_that_it_explains() -> None:
    def f(U: np.ndarray) -> np.ndarray:
        return 3 * U[:, 0] + U[:, 1]

    np.testing.assert_allclose(pay_coalitions(f, 2, rng()), [0, 0.9, 0.1, 1], atol=0.05)
    assert pay_coalitions(lambda U: np.zeros(len(U)), 2, rng()).tolist() == [0] * 4


def test_sums_do_not_interact() -> None:
    payoff = coalitions(4) @ np.array([1.0, 2.0, 2.0, 0.0])
    np.testing.assert_allclose(shapley_interactions(payoff), np.zeros((4, 4)), atol=1e-12)


def test_a_product_of_two_interacts_fully() -> None:
    payoff = coalitions(3)[:, :2].prod(axis=1) * 1.0
    expected = np.zeros((3, 3))
    expected[0, 1] = expected[1, 0] = 1.0
    np.testing.assert_allclose(shapley_interactions(payoff), expected, atol=1e-12)
