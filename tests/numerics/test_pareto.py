"""Who dominates whom, against the definition and pymoo."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from luthier.numerics.pareto import crowding, fronts, is_non_dominated

GRADES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, -math.inf, math.inf])
LOSSES = arrays(np.float64, st.tuples(st.integers(0, 30), st.integers(1, 5)), elements=GRADES)


def peeled(losses: np.ndarray) -> list[int]:
    """The front of each by the definition.

    Who is dominated by nobody is taken away, again and again.
    """
    dominates = (losses[:, None] <= losses).all(axis=2) & (losses[:, None] < losses).any(axis=2)
    front = np.full(len(losses), -1)
    for k in range(len(losses)):
        left = front < 0
        front[left & ~dominates[left].any(axis=0)] = k
    return front.tolist()


@given(LOSSES)
def test_fronts_are_what_is_left_when_the_front_before_is_taken_away(losses: np.ndarray) -> None:
    front = peeled(losses)
    assert fronts(losses).tolist() == front
    assert is_non_dominated(losses).tolist() == [f == 0 for f in front]


@pytest.mark.parametrize("m", range(1, 8))
def test_fronts_of_many_points(m: int) -> None:
    rng = np.random.default_rng(m)
    for n, levels in (
        (200, 5),
        (300, 40),
        (300, 10**6),
    ):  # more than are held against each other at once
        losses = rng.integers(0, levels, (n, m)).astype(float)
        expected = peeled(losses)
        assert fronts(losses).tolist() == expected
        assert is_non_dominated(losses).tolist() == [k == 0 for k in expected]


@pytest.mark.parametrize("m", [2, 3, 4, 6])
def test_a_chain_has_as_many_fronts_as_points(m: int) -> None:
    rng = np.random.default_rng(0)
    rank = rng.permutation(500)
    losses = rank[:, None] * np.linspace(1, 2, m)
    assert fronts(losses).tolist() == rank.tolist()
    assert np.flatnonzero(is_non_dominated(losses)).tolist() == [int(rank.argmin())]


@pytest.mark.parametrize("m", [2, 3, 4, 6])
def test_points_on_a_sphere_are_one_front(m: int) -> None:
    directions = np.abs(np.random.default_rng(0).normal(size=(1000, m)))
    losses = -directions / np.linalg.norm(directions, axis=1, keepdims=True)
    assert is_non_dominated(losses).all()
    assert not fronts(losses).any()


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_who_has_nan_is_behind_all_others_and_dominates_nobody(m: int) -> None:
    losses = np.array(
        [[1.0] * m, [math.nan] + [0.0] * (m - 1), [2.0] * m, [0.0] * (m - 1) + [math.nan]]
    )
    assert fronts(losses).tolist() == [0, 2, 1, 2]
    assert is_non_dominated(losses).tolist() == [True, False, False, False]
    assert fronts(np.full((2, m), math.nan)).tolist() == [0, 0]
    assert not is_non_dominated(np.full((2, m), math.nan)).any()


def test_crowding_is_the_sum_of_gaps_between_neighbours() -> None:
    losses = np.array([[0.0, 10.0], [1.0, 6.0], [4.0, 2.0], [10.0, 0.0]])
    assert crowding(losses).tolist() == [math.inf, 0.4 + 0.8, 0.9 + 0.6, math.inf]
    assert crowding(losses[:2]).tolist() == [math.inf] * 2
    assert crowding(losses[:0]).tolist() == []


@pytest.mark.external("pymoo")
@given(st.integers(0, 10**6), st.integers(3, 40), st.integers(1, 5))
def test_crowding_is_that_of_pymoo(seed: int, n: int, m: int) -> None:
    from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance

    losses = np.random.default_rng(seed).normal(size=(n, m))
    np.testing.assert_allclose(crowding(losses), m * calc_crowding_distance(losses), rtol=1e-12)


def test_crowding_of_extreme_losses_is_a_distance() -> None:
    huge = np.finfo(float).max
    losses = np.array([[-huge, 3.0], [0.0, 3.0], [huge / 2, 3.0], [huge, 3.0]])
    assert crowding(losses).tolist() == [
        math.inf,
        0.75,
        0.5,
        math.inf,
    ]  # where all are equal, nothing is far
    losses = np.array([[-math.inf, 4.0], [0.0, 3.0], [1.0, 2.0], [4.0, 1.0], [math.inf, 0.0]])
    assert crowding(losses)[1:4].tolist() == [0.25 + 0.5, 1.0 + 0.5, 0.75 + 0.5]
    assert np.isinf(crowding(np.full((4, 2), math.inf))[[0, 3]]).all()
