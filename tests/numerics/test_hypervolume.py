"""What losses dominate, against counting unit cells, pymoo, and the definitions."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.numerics.hypervolume import (
    boxes,
    contributions,
    growing_hypervolume,
    hypervolume,
    reference_point,
    subset,
)
from luthier.numerics.pareto import is_non_dominated

SIDE = {1: 9, 2: 7, 3: 5, 4: 4, 5: 3}


@st.composite
def grids(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Losses (n, m) and a reference, whole numbers with many ties, some not below the reference."""
    m = draw(st.integers(1, 5))
    row = st.lists(st.integers(0, SIDE[m]), min_size=m, max_size=m)
    losses = np.array(draw(st.lists(row, max_size=10)), dtype=float).reshape(-1, m)
    reference = draw(st.lists(st.integers(1, SIDE[m]), min_size=m, max_size=m))
    return losses, np.array(reference, dtype=float)


def cells(losses: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(c, m) the lower corners of unit cells below the reference, from -1 on.

    (c, n) which point dominates which.
    """
    corners = np.array(
        list(itertools.product(*[range(-1, int(r)) for r in reference])), dtype=float
    )
    return corners, (losses <= corners[:, None]).all(axis=2)


def sphere(n: int, m: int, seed: int = 0) -> np.ndarray:
    """(n, m) points that do not dominate each other, between 0 and 1."""
    directions = np.abs(np.random.default_rng(seed).normal(size=(n, m)))
    return 1 - directions / np.linalg.norm(directions, axis=1, keepdims=True)


def overlap(low: np.ndarray, high: np.ndarray) -> float:
    """The volume that boxes share with each other."""
    sides = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    return float(np.triu(np.maximum(sides, 0).prod(axis=2), 1).sum())


@given(grids())
def test_the_hypervolume_is_the_number_of_cells_that_somebody_dominates(
    grid: tuple[np.ndarray, np.ndarray],
) -> None:
    losses, reference = grid
    _, dominates = cells(losses, reference)
    assert hypervolume(losses, reference) == pytest.approx(dominates.any(axis=1).sum())


@given(grids(), st.lists(st.integers(0, 10)))
def test_the_hypervolume_grows_as_that_of_the_points_so_far(
    grid: tuple[np.ndarray, np.ndarray], ends: list[int]
) -> None:
    losses, reference = grid
    ends = sorted(min(end, len(losses)) for end in ends)
    each = [hypervolume(losses[:end], reference) for end in ends]
    assert growing_hypervolume(losses, reference, np.array(ends, dtype=int)).tolist() == each


@given(grids())
def test_a_contribution_is_the_number_of_cells_that_nobody_else_dominates(
    grid: tuple[np.ndarray, np.ndarray],
) -> None:
    losses, reference = grid
    _, dominates = cells(losses, reference)
    alone = dominates & (dominates.sum(axis=1) == 1)[:, None]
    np.testing.assert_allclose(contributions(losses, reference), alone.sum(axis=0), atol=1e-9)


@given(grids())
def test_each_cell_that_nobody_dominates_lies_in_one_box_and_no_other_in_any(
    grid: tuple[np.ndarray, np.ndarray],
) -> None:
    losses, reference = grid
    corners, dominates = cells(losses, reference)
    low, high = boxes(losses, reference)
    inside = ((low <= corners[:, None]) & (corners[:, None] < high)).all(axis=2)
    assert inside.sum(axis=1).tolist() == (~dominates.any(axis=1)).tolist()
    assert (low < high).all()
    assert (high <= reference).all()
    assert np.isneginf(low[:, 0]).all()


@given(grids(), st.integers(0, 12))
def test_each_choice_adds_most_and_as_many_come_as_were_asked_for(
    grid: tuple[np.ndarray, np.ndarray], k: int
) -> None:
    losses, reference = grid
    _, dominates = cells(losses, reference)
    chosen = subset(losses, reference, k)
    assert len(chosen) == len(set(chosen.tolist())) == min(k, len(losses))
    new = np.ones(len(dominates), dtype=bool)
    for i in chosen.tolist():
        adds = (dominates & new[:, None]).sum(axis=0)
        assert adds[i] == adds.max()
        new &= ~dominates[:, i]


@given(grids(), st.randoms())
def test_the_order_of_points_and_points_that_are_dominated_change_nothing(grid, random) -> None:
    losses, reference = grid
    order = random.sample(range(len(losses)), len(losses))
    behind = losses[order[: len(order) // 2]] + np.eye(len(reference))[0]
    more = np.concatenate([losses[order], behind])
    assert hypervolume(more, reference) == hypervolume(losses, reference)
    assert (
        contributions(losses[order], reference).tolist()
        == contributions(losses, reference)[order].tolist()
    )
    for a, b in zip(boxes(more, reference), boxes(losses, reference), strict=True):
        np.testing.assert_array_equal(a, b)
    useful = int((contributions(losses, reference) > 0).sum())
    chosen, again = subset(losses, reference, useful), subset(losses[order], reference, useful)
    assert losses[chosen].tolist() == losses[order][again].tolist()


@pytest.mark.external("pymoo")
@pytest.mark.parametrize("m", range(2, 8))
def test_the_hypervolume_is_that_of_pymoo(m: int) -> None:
    from pymoo.indicators.hv import HV

    for seed, n in enumerate([1, 2, 10, 40]):
        front = sphere(n, m, seed)
        cloud = np.random.default_rng(seed).random((n, m))
        for losses in (front, np.concatenate([front, cloud])):
            for reference in (np.full(m, 1.1), np.linspace(1.0, 2.0, m)):
                assert hypervolume(losses, reference) == pytest.approx(
                    HV(ref_point=reference)(losses), rel=1e-12
                )


@pytest.mark.parametrize("m", [2, 3, 4, 5])
def test_boxes_fill_what_the_front_leaves_of_a_bounding_box(m: int) -> None:
    front = sphere(40, m)
    reference = np.full(m, 1.1)
    bottom = np.full(m, -0.1)
    low, high = boxes(front, reference)
    low = np.maximum(low, bottom)
    volume = (high - low).prod(axis=1).sum()
    assert volume == pytest.approx(1.2**m - hypervolume(front, reference), rel=1e-12)
    assert overlap(low, high) == 0


def test_boxes_are_few() -> None:
    for n in (1, 10, 100):
        for m in (2, 3):
            low, _ = boxes(sphere(n, m), np.full(m, 1.1))
            assert len(low) == (m - 1) * n + 1
    assert len(boxes(sphere(50, 4), np.full(4, 1.1))[0]) < 350
    assert len(boxes(sphere(50, 5), np.full(5, 1.1))[0]) < 1300


def test_boxes_of_two_objectives_are_strips() -> None:
    low, high = boxes(np.array([[1.0, 3.0], [2.0, 1.0], [3.0, 3.0]]), np.array([4.0, 5.0]))
    assert low.tolist() == [[-math.inf, -math.inf], [-math.inf, 1.0], [-math.inf, 3.0]]
    assert high.tolist() == [[4.0, 1.0], [2.0, 3.0], [1.0, 5.0]]
    for front in (np.empty((0, 2)), np.array([[4.0, 0.0]])):
        low, high = boxes(front, np.array([4.0, 5.0]))
        assert (low.tolist(), high.tolist()) == ([[-math.inf] * 2], [[4.0, 5.0]])


@pytest.mark.parametrize("m", [2, 3, 4, 5])
def test_contributions_are_what_is_lost_without_a_point(m: int) -> None:
    for n in (8, 25):
        losses, reference = np.concatenate([sphere(n, m), sphere(4, m, 1) * 1.05]), np.full(m, 1.2)
        total = hypervolume(losses, reference)
        without = [hypervolume(np.delete(losses, i, axis=0), reference) for i in range(len(losses))]
        np.testing.assert_allclose(
            contributions(losses, reference), total - np.array(without), atol=1e-12
        )


@pytest.mark.parametrize("m", [2, 3, 4, 5])
def test_the_subset_is_the_greedy_one_whatever_the_units(m: int) -> None:
    losses, reference = sphere(40, m), np.full(m, 1.1)
    expected: list[int] = []
    for _ in range(8):
        with_each = [hypervolume(losses[[*expected, i]], reference) for i in range(len(losses))]
        expected.append(int(np.argmax(with_each)))
    assert subset(losses, reference, 8).tolist() == expected
    units = np.geomspace(1e-200, 1e250, m)
    assert subset(losses * units, reference * units, 8).tolist() == expected


def test_contributions_of_many_points() -> None:
    n, gap = 800, 1 / 800
    rank = np.random.default_rng(0).permutation(n)
    losses = np.column_stack([rank, n - rank]) / n
    expected = np.full(n, gap**2)  # up to both neighbours, and at the ends up to the reference
    expected[rank == 0], expected[rank == n - 1] = 0.1 * gap, (0.1 + gap) * gap
    np.testing.assert_allclose(contributions(losses, np.full(2, 1.1)), expected, rtol=1e-6)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_all_of_a_front_can_be_ranked(m: int) -> None:
    losses = sphere(120, m)
    assert sorted(subset(losses, np.full(m, 1.1), 500).tolist()) == list(range(120))


def test_the_choice_of_two_is_the_worked_example() -> None:
    losses = np.array([[1.0, 4.0], [2.0, 2.0], [4.0, 1.0], [2.0, 2.0], [9.0, 0.0]])
    reference = np.array([5.0, 5.0])  # alone: 4, 9, 4; the last is beyond
    assert subset(losses, reference, 3).tolist() == [1, 2, 0]
    assert subset(losses, reference, 9).tolist() == [1, 2, 0, 3, 4]
    assert contributions(losses, reference).tolist() == [1.0, 0.0, 1.0, 0.0, 0.0]
    assert hypervolume(losses, reference) == 11.0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_no_point_and_points_that_do_not_count(m: int) -> None:
    reference = np.ones(m)
    for losses in (
        np.empty((0, m)),
        np.ones((2, m)),
        np.full((2, m), math.nan),
        np.full((2, m), math.inf),
    ):
        assert hypervolume(losses, reference) == 0
        assert contributions(losses, reference).tolist() == [0.0] * len(losses)
        assert subset(losses, reference, 1).tolist() == [0][: len(losses)]
        assert boxes(losses, reference)[1].tolist() == [[1.0] * m]


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_a_loss_of_minus_infinity(m: int) -> None:
    reference = np.ones(m)
    losses = np.array([[0.5] * m, [-math.inf] + [0.75] * (m - 1), [0.0] * m])
    assert hypervolume(losses, reference) == math.inf
    assert hypervolume(losses[[0]], reference) == 0.5**m
    finite = np.where(
        np.isneginf(losses), -1.0, losses
    )  # 0 is best else, and 1 below the reference
    assert subset(losses, reference, 3).tolist() == subset(finite, reference, 3).tolist()
    np.testing.assert_allclose(contributions(losses, reference), contributions(finite, reference))
    low, high = boxes(losses, reference)
    inside = ((low < -1e9 + np.arange(m)) & (-1e9 + np.arange(m) < high)).all(axis=1)
    assert inside.sum() == (m > 1)  # with one objective, nothing is left


def test_the_reference_point_is_just_behind_the_worst() -> None:
    losses = np.array(
        [[1.0, -4.0, 0.0, math.inf], [2.0, -2.0, -1.0, 3.0], [math.nan, -math.inf, -1.0, 2.0]]
    )
    np.testing.assert_allclose(reference_point(losses), [2.2, -1.8, 1e-12, 3.3])
    assert reference_point(np.empty((0, 2))).tolist() == [1e-12] * 2
    assert reference_point(np.array([[math.nan, math.inf]])).tolist() == [1e-12] * 2


@pytest.mark.parametrize("m", [2, 3, 4])
def test_losses_as_large_as_they_can_be_are_ranked(m: int) -> None:
    huge = np.finfo(float).max
    losses = np.array([[-1.0] * m, [huge] * m, [-huge] + [1.0] * (m - 1)])
    reference = reference_point(losses)
    assert reference.tolist() == [huge] * m
    assert subset(losses, reference, 3).tolist() == [2, 0, 1]
    assert len(boxes(losses, reference)[0]) == 2 * m - 1
    assert hypervolume(losses, reference) == math.inf
    alone = contributions(losses, reference)
    assert np.isfinite(alone).all()
    assert (alone[1], alone.argmax()) == (0, 2)


@pytest.mark.parametrize("reference", [[1.0, math.inf], [math.nan, 1.0], [1.0], [1.0, 1.0, 1.0]])
def test_a_reference_that_bounds_nothing_is_refused(reference: list[float]) -> None:
    losses = np.zeros((2, 2))
    for call in (hypervolume, contributions, boxes, lambda *a: subset(*a, 1)):
        with pytest.raises(ValueError, match="the reference must be 2 finite numbers, got"):
            call(losses, np.array(reference))


def test_a_front_of_ten_thousand() -> None:
    losses = np.random.default_rng(0).random((10_000, 3))
    front = losses[is_non_dominated(losses)]
    reference = np.full(3, 1.1)
    assert hypervolume(losses, reference) == hypervolume(front, reference)


@pytest.mark.external("pymoo")
def test_the_hypervolume_of_a_front_of_ten_thousand_is_that_of_pymoo() -> None:
    from pymoo.indicators.hv import HV

    reference = np.full(3, 1.1)
    losses = sphere(10_000, 3)
    assert hypervolume(losses, reference) == pytest.approx(
        HV(ref_point=reference)(losses), rel=1e-12
    )


@pytest.mark.parametrize("m", [9, 30, 100])
def test_many_objectives_take_little_memory_and_all_points_are_ordered(m: int) -> None:
    front = -np.random.default_rng(m).random((60, m))
    tracemalloc.start()
    chosen = subset(front, np.zeros(m), 60)
    shares = contributions(front, np.zeros(m))
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()
    assert sorted(chosen.tolist()) == list(range(60))
    assert (shares >= 0).all()
    assert shares.max() > 0


def test_with_many_objectives_far_points_are_chosen_before_near_ones() -> None:
    rng = np.random.default_rng(0)
    far = -rng.dirichlet(np.ones(12), 10)
    far /= np.linalg.norm(far, axis=1)[:, None]
    near = np.concatenate([0.5 * far, 0.4 * far])
    losses = np.concatenate([near, far]) - 0.01
    assert min(subset(losses, np.zeros(12), 10)) >= 20
    assert contributions(losses, np.zeros(12))[:20].max() == 0
