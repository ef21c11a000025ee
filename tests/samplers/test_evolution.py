"""Regularised evolution: one change at a time, to the best of a few; age kills.

Trees of conditions stay whole.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.search import best, search

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.history.history import History
from luthier.samplers import Evolution, Random

CELLS = Space({f"op{i}": ["conv1", "conv3", "pool", "skip", "none"] for i in range(8)})
TREE = Space(
    {
        "m": ["a", "b"],
        "x": Float(0, 1),
        "y": Float(0, 1, when={"m": "a"}),
        "k": Categorical([1, 2], when={"m": "a"}),
        "deg": Int(2, 9, when={"k": 2}),
    }
)


def architecture(p: dict) -> float:
    """Good neighbours help one another."""
    ops = list(p.values())
    return float(sum((a, b) != ("conv3", "skip") for a, b in zip(ops[::2], ops[1::2], strict=True)))


def tree(p: dict) -> float:
    return p["x"] + (1.0 if p["m"] == "b" else abs(p["y"] - 0.7) + abs(p.get("deg", 0) - 6) / 4)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(("f", "space"), [(architecture, CELLS), (tree, TREE)])
def test_it_is_better_than_chance(f, space: Space, workers: int) -> None:
    found = [best(search(f, space, 250, Evolution(), s, workers)) for s in range(3)]
    chance = [best(search(f, space, 250, Random(), s)) for s in range(3)]
    assert np.mean(found) < 0.6 * np.mean(chance)


def test_one_parameter_of_a_living_parent_changes_and_what_hangs_on_it() -> None:
    sampler = Evolution(population_size=15, tournament_size=3, n_startup_trials=10)
    h = search(tree, TREE, 60, sampler)
    single = []
    for seed in range(100):
        child = sampler.sample(TREE, h, 1, np.random.default_rng(seed))
        parents = h.X[-15:]
        same = (parents == child) | (np.isnan(parents) & np.isnan(child))
        woken = np.isnan(parents) != np.isnan(child)
        single.append((((~same & ~woken).sum(axis=1)) == 1).any())
        assert (np.isnan(child) == ~TREE.active(child)).all()
    assert np.mean(single) > 0.95  # more only where all neighbours have been tried


def test_the_oldest_die_however_good_they_are() -> None:
    """A lucky early result is nobody's parent after enough others."""
    space = Space({"c": list("abcdefgh"), "x": Float(0, 1), "y": Float(0, 1)})
    h, rng = History(space, ["minimize"], 0), np.random.default_rng(0)
    for i in range(40):
        params = {"c": "a" if i < 5 else "h", "x": rng.random(), "y": rng.random()}
        h.put(
            [
                TrialRow(
                    number=i, state=State.COMPLETE, params=params, values=(-9.0 if i < 5 else 0.0,)
                )
            ]
        )
    for size, near in ((20, False), (40, True)):
        sampler = Evolution(population_size=size)
        got = np.concatenate(
            [sampler.sample(space, h, 1, np.random.default_rng(s)) for s in range(60)]
        )
        assert (np.mean(got[:, 0] == 0) > 0.4) == near


def test_failed_and_running_trials_are_no_parents() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    h = History(space, ["minimize"], 0)
    for i in range(30):
        state = (State.COMPLETE, State.FAILED, State.RUNNING)[i % 3]
        params = {
            "x": 0.1 if state == State.COMPLETE else 0.9,
            "y": 0.1 if state == State.COMPLETE else 0.9,
        }
        h.put(
            [
                TrialRow(
                    number=i,
                    state=state,
                    params=params,
                    values=(1.0,) if state == State.COMPLETE else None,
                )
            ]
        )
    got = Evolution(n_startup_trials=5, sigma=0.05).sample(space, h, 50, np.random.default_rng(0))
    assert got.max() < 0.6


def test_steps_change_integers_and_stay_in_range() -> None:
    space = Space({"k": Int(0, 1000), "j": Int(1, 3), "o": Categorical(list("abc"), ordered=True)})
    h = search(lambda p: p["k"], space, 30, Evolution())
    X = Evolution(sigma=1e-6).sample(space, h, 100, np.random.default_rng(0))
    assert not h.seen(X).any()
    assert len(set(space.keys(X))) == 100


def test_a_fresh_object_and_a_reloaded_study_go_on_alike(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/e.db"
    study = luthier.create_study("e", url, space=TREE, sampler="Evolution", seed=1)
    study.optimize(lambda t: tree(t.params), n_trials=45)
    again = luthier.load_study("e", url, sampler="Evolution")
    ours, theirs = (
        s.sampler.sample(TREE, s.history, 2, np.random.default_rng(0)) for s in (study, again)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_it_says_what_it_cannot_do() -> None:
    for bad in (
        {"population_size": 0},
        {"tournament_size": 0},
        {"n_startup_trials": 0},
        {"sigma": 0},
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Evolution(**bad)
