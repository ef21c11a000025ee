"""What all samplers make of constraints on results.

The border is found, and crashes are avoided.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import luthier
from luthier import Float, Space, State, TrialRow, samplers
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.numerics.halving import Slots, brackets
from luthier.samplers.de import slot_members
from luthier.samplers.dehb import population

MODELS = ["TPE", "GP", "Forest"]
RANKED = ["CMAES", "DE", "Evolution"]
NAMES = [*MODELS, *RANKED, "NSGA2"]
MOSTLY_SLOW = [
    name if name in ("TPE", "NSGA2") else pytest.param(name, marks=pytest.mark.slow)
    for name in NAMES
]
N_TRIALS = dict.fromkeys(MODELS, 60) | dict.fromkeys([*RANKED, "NSGA2"], 200)
PLANE = {"x": Float(0, 1), "y": Float(0, 1), "c": list("abc")}
MIXED = Space({"x": Float(0, 1), "k": luthier.Int(0, 20), "c": ["a", "b", "c"]})


def distance(p: dict, x: float = 0.0, y: float = 0.7) -> float:
    """Of (x, y, b).

    Where only x + y >= 1 is feasible, the least from (0, 0.7) is 0.045, at (0.15, 0.85, b).
    """
    return float((p["x"] - x) ** 2 + (p["y"] - y) ** 2 + 0.1 * (p["c"] != "b"))


def search(
    name: str, seed: int, n_trials: int, told, crash: bool = False, aim=(0.0, 0.7)
) -> History:
    """N trials of `distance`, twice over for a method of several objectives."""
    m = 2 if name == "NSGA2" else 1
    sampler = samplers.NSGA2(population_size=16) if name == "NSGA2" else name
    study = luthier.create_study(
        objectives=["minimize"] * m,
        space=PLANE,
        sampler=sampler,
        seed=seed,
        catch_as="infeasible" if crash else None,
    )

    def objective(t: luthier.Trial):
        for constraint, value in told(t.params).items():
            t.set_constraint(constraint, value)
        if crash and t.params["x"] + t.params["y"] < 1:
            raise MemoryError
        return (distance(t.params, *aim),) * m

    study.optimize(
        objective,
        n_trials=n_trials,
        catch=(MemoryError,),
        progress=False,
    )
    return study.history


def border(p: dict) -> dict[str, float]:
    return {"sum": 1e6 * (1 - p["x"] - p["y"])}


def corner(p: dict) -> dict[str, float]:
    return {"x": 0.93 - p["x"], "y_bytes": 1e9 * (0.93 - p["y"])}


def excess(h: History) -> float:
    return float(h.losses[h.eligible, 0].min(initial=1.0)) - 0.045


@functools.cache
def random_excess(n_trials: int, crash: bool) -> float:
    told = (lambda p: {}) if crash else border
    return float(np.mean([excess(search("Random", s, n_trials, told, crash)) for s in range(8)]))


@pytest.mark.parametrize("name", MOSTLY_SLOW)
def test_the_best_point_is_found_on_the_border(name: str) -> None:
    n = N_TRIALS[name]
    runs = [search(name, seed, n, border) for seed in range(2)]
    assert np.mean([excess(h) for h in runs]) < 0.5 * random_excess(n, False)
    late = np.concatenate([h.constraints[n // 2 :, 0] for h in runs])
    assert np.mean(late < 1e5) > 0.6  # 0.5 at random


@pytest.mark.parametrize("name", MOSTLY_SLOW)
def test_where_trials_crash_is_learned(name: str) -> None:
    """Half of the space crashes, and the best point lies 0.14 away from that."""
    n = N_TRIALS[name]
    runs = [search(name, seed, n, lambda p: {}, crash=True, aim=(0.35, 0.85)) for seed in range(2)]
    assert (
        np.mean([(h.state[n // 2 :] == State.FAILED).mean() for h in runs]) < 0.35
    )  # 0.55 at random


@pytest.mark.parametrize("name", MOSTLY_SLOW)
def test_the_best_point_is_found_where_trials_begin_to_crash(name: str) -> None:
    n = N_TRIALS[name]
    runs = [search(name, seed, n, lambda p: {}, crash=True) for seed in range(3)]
    assert np.median([excess(h) for h in runs]) < 0.5 * random_excess(n, True)


@pytest.mark.parametrize("name", MOSTLY_SLOW)
def test_while_nothing_is_feasible_the_violation_falls(name: str) -> None:
    """The corner has a share of 0.5 % of the space; its constraints are in units far apart."""
    h = search(name, 0, 60, corner)
    broken = np.maximum(h.constraints / [1, 1e9], 0).sum(axis=1)
    assert broken[:8].min() > 0
    assert broken[40:].mean() < 0.6 * broken[:16].mean()  # 1.2 times at random


def told_history(rows: int, seed: int = 0, m: int = 1) -> History:
    """Trials in all states, with two constraints that not all of them have reported."""
    h, rng = History(MIXED, ["minimize"] * m, seed), np.random.default_rng(seed)
    h.update_info(crash=True)
    for i, p in enumerate(MIXED.decode(MIXED.sample(rng, rows))):
        state = (State.FAILED, State.PRUNED, State.RUNNING)[i % 7] if i % 7 < 3 else State.COMPLETE
        told = {"a": 0.6 - p["x"], "b": 1e3 * (p["k"] - 12.0)}
        if i % 5 == 1:
            told.pop("a")
        if i % 11 == 5:
            told["b"] = math.inf
        over = state == State.COMPLETE
        h.put(
            [
                TrialRow(
                    number=i,
                    state=state,
                    params=p,
                    values=(p["x"],) * m if over else None,
                    constraints={} if state == State.RUNNING else told,
                )
            ]
        )
        if state == State.PRUNED:
            h.put_report(i, 1, p["x"])
    return h


@pytest.mark.parametrize("name", NAMES)
def test_the_same_data_give_the_same_legal_proposal(name: str) -> None:
    m = 2 if name == "NSGA2" else 1
    used = samplers.from_name(name)
    for n in (10, 30, 70, 12):
        h = told_history(n, m=m)
        fresh = samplers.from_name(name).sample(MIXED, h, 2, np.random.default_rng(1))
        np.testing.assert_array_equal(used.sample(MIXED, h, 2, np.random.default_rng(1)), fresh)
        assert MIXED.feasible(fresh).all()


@pytest.mark.parametrize(
    "name", ["TPE", "GP", "Forest", "CMAES", "DE", "DEHB", "BOHB", "Evolution"]
)
def test_a_constraint_that_nothing_breaks_changes_little(name: str) -> None:
    """Of what is ranked, nothing at all; a model of it is sure."""
    plain, told = search(name, 0, 40, lambda p: {}), search(name, 0, 40, lambda p: {"c": -1.0})
    if name in RANKED or name in ("DEHB", "BOHB"):
        np.testing.assert_array_equal(plain.X, told.X)
    assert abs(plain.losses[20:, 0].mean() - told.losses[20:, 0].mean()) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_all_trials_may_crash_or_break_everything(name: str) -> None:
    for told in ({}, {"a": math.inf}, {"a": -math.inf, "b": math.inf}):
        study = luthier.create_study(
            objectives=["minimize"] * (2 if name == "NSGA2" else 1),
            space=PLANE,
            sampler=name,
            seed=0,
            catch_as="infeasible",
        )

        def objective(t: luthier.Trial, told=told) -> float:
            for constraint, value in told.items():
                t.set_constraint(constraint, value)
            raise MemoryError

        study.optimize(objective, n_trials=20, catch=MemoryError, progress=False)
        assert len(np.unique(study.history.X, axis=0)) == 20


def test_a_place_in_a_population_goes_to_the_feasible() -> None:
    """Of 0 and 4 the worse loss, of 1 and 5 the smaller violation, of 2 and 6 the smaller loss."""
    h = History(MIXED, ["minimize"])
    losses = [5.0, 1.0, 2.0, 3.0, 0.0, 0.0, 1.0, None]
    limits = [-1.0, 3.0, 0.0, 4.0, 2.0, 5.0, -1.0, -9.0]
    for i, (loss, c) in enumerate(zip(losses, limits, strict=True)):
        state = State.FAILED if loss is None else State.COMPLETE
        h.put(
            [
                TrialRow(
                    number=i,
                    state=state,
                    params={"x": i / 8, "k": i, "c": "a"},
                    values=None if loss is None else (loss,),
                    constraints={"c": c},
                )
            ]
        )
        if loss is not None:
            h.put_report(i, 1, loss)
    assert slot_members(h, 4).tolist() == [0, 1, 6, 3]
    holds, order = population(
        h, Slots(brackets(1, 3, 3)), 0
    )  # places of 0, 3 and 5, of 1, 4 and 6, of 2 and 7
    assert holds.tolist() == [0, 6, 2]
    assert order.tolist() == [1, 2, 0]


@pytest.mark.parametrize("name", ["Forest", "CMAES", "DE", "DEHB", "BOHB"])
def test_several_objectives_are_refused_by_name(name: str) -> None:
    with pytest.raises(
        SamplerError, match=f"{name} takes one objective, got 2; use sampler=None, TPE, GP or NSGA2"
    ):
        luthier.create_study(objectives=["minimize"] * 2, space=PLANE, sampler=name).ask()
