"""Differential evolution.

A population read off the history, whoever ran it and in whatever order.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.search import best, search

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.samplers import DE, Random
from luthier.samplers.de import slot_members

CUBE = Space({f"x{j}": Float(0, 1) for j in range(5)})
MIXED = Space(
    {
        "x": Float(1e-4, 1, scale="log"),
        "k": Int(0, 20),
        "c": ["a", "b", "c", "d"],
        "flag": [True, False],
    }
)
TREE = Space(
    {
        "m": ["a", "b"],
        "x": Float(0, 1),
        "y": Float(0, 1, when={"m": "a"}),
        "k": Int(1, 9, when={"m": "b"}),
    }
)


def sphere(p: dict) -> float:
    return sum((v - 0.3) ** 2 for v in p.values())


def mixed(p: dict) -> float:
    return (
        (np.log10(p["x"]) + 2) ** 2 / 4
        + ((p["k"] - 13) / 10) ** 2
        + (p["c"] != "c")
        + 0.5 * (not p["flag"])
    )


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(("f", "space"), [(sphere, CUBE), (mixed, MIXED)])
def test_it_is_better_than_chance(f, space: Space, workers: int) -> None:
    found = [best(search(f, space, 300, DE(), s, workers)) for s in range(3)]
    chance = [best(search(f, space, 300, Random(), s)) for s in range(3)]
    assert np.mean(found) < 0.5 * np.mean(chance)


def test_a_slot_holds_the_best_of_its_finished_trials() -> None:
    states = [State.COMPLETE] * 6 + [State.FAILED, State.PRUNED, State.RUNNING]
    values = [3.0, 1.0, 2.0, 5.0, 4.0, 1.5, None, 0.0, None]
    h = History(CUBE, ["minimize"], 0)
    for i, (state, v) in enumerate(zip(states, values, strict=True)):
        params = dict.fromkeys(CUBE.names, i / 10)
        h.put([TrialRow(number=i, state=state, params=params, values=None if v is None else (v,))])
        if state == State.PRUNED:
            h.put_report(i, 1, 0.0)
    assert slot_members(h, 4).tolist() == [
        0,
        1,
        2,
        3,
    ]  # 7 was pruned: only where there is nothing complete
    assert slot_members(h, 10).tolist() == [0, 1, 2, 3, 4, 5, -1, 7, -1, -1]


def test_it_varies_its_own_slot_and_starts_with_points_spread_evenly() -> None:
    sampler = DE(population_size=8, CR=0.0)  # one parameter alone is varied
    h = search(sphere, CUBE, 200, sampler)
    for i in range(100, 200):
        held = slot_members(search(sphere, CUBE, i, sampler), 8)[i % 8] if i % 25 == 0 else None
        if held is not None:
            assert (h.X[i] != h.X[held]).sum() == 1
    assert len(np.unique(np.floor(h.X[:8, 0] * 4))) == 4


def test_inactive_parameters_are_drawn_when_they_wake() -> None:
    h = search(lambda p: p["x"] + (p["m"] == "a"), TREE, 200, DE(population_size=10))
    assert (np.isnan(h.X) == ~TREE.active(h.X)).all()
    assert np.mean(h.X[100:, 0] == 1) > 0.6


def test_a_fresh_object_and_a_reloaded_study_go_on_alike(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/d.db"
    study = luthier.create_study("d", url, space=MIXED, sampler="DE", seed=1)
    study.optimize(lambda t: mixed(t.params), n_trials=45)
    again = luthier.load_study("d", url, sampler="DE")
    ours, theirs = (
        s.sampler.sample(MIXED, s.history, 2, np.random.default_rng(0)) for s in (study, again)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_the_first_point_is_the_declared_one() -> None:
    space = Space(
        {"x": Float(0, 1, default=0.125), "c": Categorical(["a", "b"], default="b"), "k": Int(1, 5)}
    )
    assert luthier.create_study(space=space, sampler="DE").ask().params == {
        "x": 0.125,
        "c": "b",
        "k": 3,
    }


def test_it_says_what_it_cannot_do() -> None:
    with pytest.raises(SamplerError, match="one objective, got 2"):
        luthier.create_study(objectives=["minimize"] * 2, space=CUBE, sampler="DE").ask()
    for bad in ({"population_size": 3}, {"F": 0}, {"CR": 1.5}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            DE(**bad)
