"""What every sampler keeps to, whatever its method."""

from __future__ import annotations

import math

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Space, samplers
from luthier.errors import SpaceError, SpaceExhaustedError
from luthier.history.history import History
from luthier.samplers import Sampler
from luthier.testing import check_sampler, random_history

ONE = {"BOHB", "CMAES", "DE", "DEHB", "Forest"}  # for one objective
SEVERAL = {"NSGA2", "NSGA3"}  # for several
NAMES = [n for n in samplers.__all__ if n != "Sampler"]
CASES = [
    pytest.param(n, m, id=f"{n}-{m}")
    for n in NAMES
    for m in (1, 3)
    if n not in (SEVERAL if m == 1 else ONE)
]
CONTINUOUS = [case for case in CASES if case.values[0] != "Grid"]

MIXED = Space(
    {
        "x": Float(1e-4, 1, scale="log"),
        "m": Float(0.5, 0.999, scale="reverse_log"),
        "k": Int(1, 100, scale="log"),
        "c": ["a", "b", "c"],
        "o": Categorical(["s", "m", "l"], ordered=True),
        "step": Float(0, 1, step=0.1),
    }
)
TREE = Space(
    {
        "m": ["a", "b", "c"],
        "x": Float(0, 1, when={"m": "a"}),
        "k": Categorical([1, 2], when={"m": ["a", "b"]}),
        "deg": Int(2, 5, when={"k": 2}),
        "y": Float(0, 1),
    }
)
RULED = Space(
    {"a": Int(0, 20), "b": Int(0, 20), "x": Float(0, 1)},
    ["a + b <= 12", lambda p: p["x"] * p["a"] < 5],
)
SMALL = Space({"m": ["a", "b"], "k": Int(1, 4, when={"m": "a"}), "z": [True, False]}, ["k != 3"])


def made(name: str) -> Sampler:
    return samplers.from_name(name)


def legal(space: Space, X: np.ndarray) -> None:
    assert space.feasible(X).all()
    assert (np.isnan(X) == ~space.active(X)).all()
    for params in space.decode(X):
        space.check(params)


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
@pytest.mark.parametrize(
    "space", [MIXED, TREE, RULED, SMALL], ids=["mixed", "tree", "ruled", "small"]
)
@pytest.mark.parametrize("n", [0, 1, 9, 60])
def test_proposals_are_legal(name: str, m: int, space: Space, n: int) -> None:
    legal(space, made(name).sample(space, random_history(space, n, m), 3, np.random.default_rng(n)))


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
def test_the_public_check_passes(name: str, m: int) -> None:
    check_sampler(made(name), m, [TREE], sizes=(25,))


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
def test_an_answer_does_not_depend_on_what_was_asked_before(name: str, m: int) -> None:
    used = made(name)
    for n in (40, 3, 25):
        fresh = made(name).sample(TREE, random_history(TREE, n, m), 2, np.random.default_rng(1))
        np.testing.assert_array_equal(
            used.sample(TREE, random_history(TREE, n, m), 2, np.random.default_rng(1)), fresh
        )


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
def test_reports_of_running_trials_change_no_proposal(name: str, m: int) -> None:
    silent = random_history(MIXED, 60, m)
    telling = random_history(MIXED, 60, m)
    for number in sorted(telling.running):
        for step in (1.0, 3.0, 9.0):
            telling.put_report(number, step, [-step] * m)
    first, second = (
        made(name).sample(MIXED, history, 2, np.random.default_rng(3))
        for history in (silent, telling)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(("name", "m"), CASES)
@pytest.mark.parametrize("jobs", [1, 3])
def test_no_point_of_a_finite_space_twice(name: str, m: int, jobs: int) -> None:
    sampler = getattr(samplers, name)(population_size=4) if name in SEVERAL else name
    study = luthier.create_study(space=SMALL, sampler=sampler, objectives=["minimize"] * m, seed=0)
    asked = []
    while len(asked) < SMALL.n_points:
        trials = [study.ask() for _ in range(min(jobs, int(SMALL.n_points) - len(asked)))]
        asked += [str(sorted(t.params.items())) for t in trials]
        for t in trials:
            study.tell(t, [1.0 if t.params["z"] else 0.5, *range(m - 1)])
    assert len(set(asked)) == SMALL.n_points == 8
    if name == "Grid":
        with pytest.raises(SpaceExhaustedError, match="8 points"):
            study.ask()
    else:
        study.tell(study.ask(), [0.0] * m)


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
@pytest.mark.parametrize("value", [0.0, math.inf, -math.inf, 1e300])
def test_values_that_tell_nothing(name: str, m: int, value: float) -> None:
    legal(
        MIXED,
        made(name).sample(
            MIXED, random_history(MIXED, 40, m, value=value), 1, np.random.default_rng(0)
        ),
    )


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
def test_only_failures(name: str, m: int) -> None:
    study = luthier.create_study(space=MIXED, sampler=name, objectives=["minimize"] * m, seed=0)
    study.optimize(lambda t: [math.nan] * m, n_trials=25)
    assert len({str(t.params) for t in study.trials}) == 25


@pytest.mark.parametrize(("name", "m"), CONTINUOUS)
def test_large_spaces(name: str, m: int) -> None:
    wide = Space({f"x{i}": Float(0, 1) for i in range(200)})
    many = Space({"c": list(range(1000)), "k": Int(1, 10**9, scale="log"), "one": Int(3, 3)})
    for space in (wide, many):
        legal(
            space,
            made(name).sample(space, random_history(space, 40, m), 2, np.random.default_rng(0)),
        )


def test_grid_goes_on_where_it_stopped(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/g.db"
    luthier.create_study("g", url, space=SMALL, sampler="grid").optimize(lambda t: 0.0, n_trials=3)
    study = luthier.load_study("g", url, sampler="grid")
    study.optimize(lambda t: 0.0)
    assert [t.params for t in study.trials] == SMALL.decode(SMALL.grid())


def test_grid_needs_a_finite_space() -> None:
    with pytest.raises(SpaceError, match=r"\['x'\] have no finite set of values"):
        luthier.create_study(space={"x": Float(0, 1)}, sampler="grid").ask()


def test_qmc_covers_mixed_spaces_evenly() -> None:
    space = Space({"x": Float(0, 1), "c": ["a", "b", "c", "d"], "k": Int(0, 7)})
    X = made("qmc").sample(space, History(space, ["minimize"]), 256, np.random.default_rng(0))
    assert np.histogram(X[:, 0], 64, (0, 1))[0].tolist() == [4] * 64
    assert np.bincount(X[:, 1].astype(int)).tolist() == [64] * 4
    assert np.bincount(space.raw(X)[:, 2].astype(int)).tolist() == [32] * 8
    joint = np.histogram2d(X[:, 0], X[:, 1], (4, 4))[0]
    assert joint.min() == joint.max() == 16


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("BOHB", "n_candidates"),
        ("CMAES", "population_size"),
        ("DE", "population_size"),
        ("Evolution", "tournament_size"),
        ("Forest", "n_trees"),
        ("Forest", "n_random"),
        ("TPE", "n_candidates"),
    ],
)
@pytest.mark.parametrize("size", [10**12, 10**5000], ids=["large", "huge"])
def test_sizes_that_no_memory_holds_are_refused(name: str, setting: str, size: int) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be a whole number <= "):
        getattr(samplers, name)(**{setting: size})


def test_names_of_samplers() -> None:
    assert type(samplers.from_name("tpe")) is samplers.TPE
    assert samplers.from_name(samplers.Random()).__class__ is samplers.Random
    with pytest.raises(ValueError, match="'TPE'"):
        samplers.from_name("tpee")


@pytest.mark.parametrize("name", ["TPE", "Auto"])
def test_declared_defaults_come_first_and_once(name: str) -> None:
    space = {
        "x": Float(0, 1, default=0.125),
        "c": Categorical(["a", "b"], default="b"),
        "k": Int(1, 5),
    }
    study = luthier.create_study(space=space, sampler=name, seed=0)
    study.optimize(lambda t: t.params["x"], n_trials=6)
    assert study.trials[0].params == {"x": 0.125, "c": "b", "k": 3}
    assert len({str(t.params) for t in study.trials}) == 6


@pytest.mark.parametrize("name", ["TPE", "Auto"])
def test_an_undeclared_space_is_tried_in_its_middle_as_soon_as_it_is_known(name: str) -> None:
    study = luthier.create_study(sampler=name, seed=0)
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_int("k", 1, 5), n_trials=3)
    assert study.trials[1].params == {"x": 0.5, "k": 3}
    assert study.trials[0].params != study.trials[1].params != study.trials[2].params
