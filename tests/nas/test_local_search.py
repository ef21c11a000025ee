"""Local search: it moves to better neighbours, and begins again where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.search import best, search

from luthier import Float, Int, Space
from luthier.nas import LocalSearch
from luthier.nas.local_search import neighbours
from luthier.samplers import Random
from luthier.testing import check_sampler

GRID = Space({"a": Int(0, 4), "b": ["x", "y", "z"], "c": Int(0, 1, when={"b": "z"})})


def valley(p: dict) -> float:
    return abs(p["a"] - 4) + {"x": 0.0, "y": 1.0, "z": 2.0}[p["b"]]


def test_it_keeps_the_contract_of_samplers() -> None:
    check_sampler(LocalSearch(n_startup_trials=5))


def test_neighbours_differ_in_one_parameter_and_what_hangs_on_it() -> None:
    x = GRID.encode({"a": 2, "b": "x"})
    found = GRID.decode(neighbours(GRID, x))
    assert {(p["a"], p["b"]) for p in found} == {(1, "x"), (3, "x"), (2, "y"), (2, "z")}
    assert [p for p in found if "c" in p] == [{"a": 2, "b": "z", "c": 0}] or len(found) == 4


def test_numbers_of_many_values_move_by_steps_and_stay_in_range() -> None:
    space = Space({"x": Float(0, 1), "n": Int(1, 1000)}, ["x + n <= 900"])
    X = neighbours(space, space.encode({"x": 0.9, "n": 800}))
    assert sorted({round(p["x"], 3) for p in space.decode(X)}) == [0.7, 0.85, 0.9, 0.95]
    assert space.feasible(X).all()


def test_it_walks_to_the_best_point_by_neighbours() -> None:
    h = search(valley, GRID, 16, LocalSearch(n_startup_trials=1), seed=1)
    losses = h.losses[:, 0]
    assert losses.min() == 0
    walked = int(losses.argmin())
    for i in range(1, walked + 1):
        before = h.X[:i][losses[:i].argmin()]
        assert len(neighbours(GRID, before[None])) > 0
    assert walked < 14


def test_it_begins_again_where_no_neighbour_is_better() -> None:
    space = Space({f"x{i}": Int(0, 9) for i in range(4)})

    def two_wells(p: dict) -> float:
        near = sum(abs(v - 2) for v in p.values())
        far = sum(abs(v - 8) for v in p.values())
        return min(near + 1.0, far)

    found = [best(search(two_wells, space, 120, LocalSearch(5), s)) for s in range(2)]
    assert max(found) <= 1.0
    assert min(found) == 0.0
    chance = [best(search(two_wells, space, 120, Random(), s)) for s in range(2)]
    assert np.mean(found) < 0.5 * np.mean(chance)


def test_workers_try_different_neighbours() -> None:
    h = search(valley, GRID, 18, LocalSearch(n_startup_trials=3), workers=4)
    assert len({tuple(row) for row in np.nan_to_num(h.X, nan=-1).tolist()}) == 18


def test_startup_is_checked() -> None:
    with pytest.raises(ValueError, match="n_startup_trials must be a whole number >= 1"):
        LocalSearch(0)
