"""CMA-ES: as good as its model, a function of the history; parallel, mixed and conditional."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from cmaes import CMA
from tests.support.search import best, search

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.errors import SamplerError
from luthier.history.history import History
from luthier.numerics.random_streams import Streams
from luthier.samplers import CMAES
from luthier.samplers.cmaes import _Search

D = 6
CUBE = Space({f"x{j}": Float(0, 1) for j in range(D)})
MIXED = Space(
    {
        "x": Float(0, 1),
        "y": Float(0, 1),
        "k": Int(0, 20),
        "c": ["a", "b", "c"],
        "flag": [True, False],
    }
)
TREE = Space(
    {
        "m": ["a", "b"],
        "x": Float(0, 1),
        "y": Float(0, 1, when={"m": "a"}),
        "k": Int(1, 9, when={"m": "b"}),
    },
    ["x < 0.95"],
)
TURN = np.linalg.qr(np.random.default_rng(5).standard_normal((D, D)))[0]


def sphere(x: np.ndarray) -> float:
    return float(((x - 0.3) ** 2).sum())


def ellipsoid(x: np.ndarray) -> float:
    return float((10 ** (6 * np.arange(len(x)) / (len(x) - 1)) * (x - 0.3) ** 2).sum())


def rotated(x: np.ndarray) -> float:
    return ellipsoid(TURN @ (x - 0.4) + 0.3)


def rosenbrock(x: np.ndarray) -> float:
    z = 4 * x - 2
    return float((100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum())


def mixed(p: dict) -> float:
    penalty = (p["c"] != "b") + (not p["flag"])
    return (p["x"] - 0.7) ** 2 + (p["y"] - p["x"]) ** 2 + ((p["k"] - 13) / 20) ** 2 + 0.2 * penalty


def tree(p: dict) -> float:
    return p["x"] + (0.3 + p["y"] if p["m"] == "a" else (p["k"] - 3) ** 2 / 30)


def vector(f: Callable[[np.ndarray], float]) -> Callable[[dict], float]:
    return lambda p: f(np.array(list(p.values())))


def direct(f: Callable[[np.ndarray], float], n: int, seed: int) -> float:
    """What the package reaches by itself."""
    optimizer = CMA(np.full(D, 0.5), 1 / 6, bounds=np.tile([0.0, 1.0], (D, 1)), seed=seed)
    lowest, done = math.inf, 0
    while done < n:
        told = [(x, f(x)) for x in (optimizer.ask() for _ in range(optimizer.population_size))]
        optimizer.tell(told)
        lowest, done = min(lowest, *(v for _, v in told)), done + len(told)
    return lowest


@pytest.mark.slow
@pytest.mark.parametrize("f", [sphere, ellipsoid, rotated, rosenbrock])
def test_it_is_as_good_as_the_package_and_nearly_so_with_eight_workers(f) -> None:
    n, seeds = 500, range(6)
    theirs = np.mean([np.log10(direct(f, n, s)) for s in seeds])
    ours = np.mean([np.log10(best(search(vector(f), CUBE, n, CMAES(), s))) for s in seeds])
    apart = np.mean(
        [np.log10(best(search(vector(f), CUBE, n, CMAES(), s, workers=8))) for s in seeds]
    )
    start = np.log10(f(np.full(D, 0.5)))
    assert ours < theirs + 0.15 * (start - theirs)
    assert apart < theirs + max(0.3 * (start - theirs), 0.2)


@pytest.mark.parametrize(("space", "f"), [(CUBE, vector(rotated)), (MIXED, mixed), (TREE, tree)])
def test_what_it_remembers_is_only_a_short_cut(space: Space, f) -> None:
    """At any time a fresh object proposes the same, whatever finished when."""
    sampler = CMAES(population_size=5)

    def check(h: History) -> None:
        if h.n % 7 == 0:
            fresh = CMAES(population_size=5).sample(space, h, 2, np.random.default_rng(h.n))
            np.testing.assert_array_equal(
                sampler.sample(space, h, 2, np.random.default_rng(h.n)), fresh
            )

    search(f, space, 120, sampler, workers=6, check=check)


def test_it_does_not_matter_in_which_order_trials_finished() -> None:
    h = search(mixed, MIXED, 70, CMAES(), workers=5)
    late = History(MIXED, ["minimize"], 0)
    for state in (State.RUNNING, State.COMPLETE):
        for i in (
            np.random.default_rng(1).permutation(h.n) if state == State.COMPLETE else range(h.n)
        ):
            params, values = MIXED.decode(h.X[i : i + 1])[0], tuple(h.values[i])
            done = state == State.COMPLETE
            late.put(
                [
                    TrialRow(
                        number=int(i), state=state, params=params, values=values if done else None
                    )
                ]
            )
    ours, theirs = (CMAES().sample(MIXED, k, 3, np.random.default_rng(0)) for k in (h, late))
    np.testing.assert_array_equal(ours, theirs)


def test_a_study_goes_on_where_it_stopped(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/c.db"
    study = luthier.create_study("c", url, space=MIXED, sampler="CMAES", seed=1)
    study.optimize(lambda t: mixed(t.params), n_trials=45)
    again = luthier.load_study("c", url, sampler="CMAES")
    ours, theirs = (
        s.sampler.sample(MIXED, s.history, 2, np.random.default_rng(0)) for s in (study, again)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_one_straggler_does_not_hold_up_the_search() -> None:
    h = History(CUBE, ["minimize"], 0)
    sampler = CMAES()
    streams = Streams(0)
    for i in range(300):
        params = CUBE.decode(sampler.sample(CUBE, h, 1, streams.at(i)))[0]
        values, state = (vector(sphere)(params),), State.COMPLETE
        h.put(
            [
                TrialRow(number=i, params=params, state=state, values=values)
                if i != 3
                else TrialRow(number=i, params=params, state=State.RUNNING)
            ]
        )
    assert best(h) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_integers_do_not_freeze_and_categories_are_found(seed: int) -> None:
    h = search(mixed, MIXED, 300, CMAES(), seed)
    found = MIXED.decode(h.X[[h.best()]])[0]
    assert (found["k"], found["c"], found["flag"]) == (13, "b", True)
    assert best(h) < 1e-3


@pytest.mark.slow
def test_the_better_branch_is_found_and_the_other_is_not_forgotten() -> None:
    sampler = CMAES()
    h = search(tree, TREE, 250, sampler)
    late = TREE.decode(h.X[150:])
    assert np.mean([p["m"] == "b" for p in late]) > 0.6
    y = [
        p["y"]
        for p in TREE.decode(sampler.sample(TREE, h, 200, np.random.default_rng(0)))
        if p["m"] == "a"
    ]
    assert (
        not y or np.ptp(y) > 0.05
    )  # while it slept, what was known of it neither moved nor shrank away


def test_a_trial_far_away_does_not_upset_a_search_that_has_narrowed() -> None:
    sampler = CMAES()
    h = search(vector(sphere), CUBE, 300, sampler)
    h.put(
        [
            TrialRow(
                number=h.n,
                state=State.COMPLETE,
                params=dict.fromkeys(CUBE.names, 1.0),
                values=(-1.0,),
            )
        ]
    )
    search(vector(sphere), CUBE, 3 * 9, sampler, history=h)
    assert np.abs(h.X[-9:] - 0.3).max() < 0.2


def test_warm_start_is_better_than_a_cold_one_and_than_none_of_it() -> None:
    def after(seed: int, sampler: CMAES) -> float:
        h, rng = History(CUBE, ["minimize"], seed), np.random.default_rng(seed)
        points = CUBE.decode(CUBE.sample(rng, 200))
        f = vector(lambda x: ellipsoid(x * [1, 1, 0.5, 0.5, 1, 1]))
        h.put(
            [
                TrialRow(number=i, state=State.COMPLETE, params=p, values=(f(p),))
                for i, p in enumerate(points)
            ]
        )
        return np.log10(best(search(f, CUBE, 120, sampler, seed, history=h), 200))

    warm, cold = (
        np.mean([after(s, CMAES(start_at=200, warm_start=w)) for s in range(6)]) for w in (0.1, 0.0)
    )
    assert warm < cold - 0.2


def test_what_came_before_only_tells_where_to_start() -> None:
    """The first generation after the switch is drawn around the best of the earlier trials."""
    h, rng = History(MIXED, ["minimize"], 0), np.random.default_rng(0)
    points = MIXED.decode(MIXED.sample(rng, 300))
    h.put(
        [
            TrialRow(number=i, state=State.COMPLETE, params=p, values=(mixed(p),))
            for i, p in enumerate(points)
        ]
    )
    got = MIXED.decode(CMAES(start_at=300).sample(MIXED, h, 200, rng))
    assert abs(np.mean([p["x"] for p in got]) - 0.7) < 0.15
    assert np.mean([p["c"] == "b" for p in got]) > 0.4


def limited(
    told, n: int, sampler: CMAES, check: Callable[[History], None] | None = None
) -> History:
    """N trials of the sphere in the cube that tell of constraints."""
    h, streams = History(CUBE, ["minimize"], 0), Streams(0)
    for i in range(n):
        if check is not None:
            check(h)
        params = CUBE.decode(sampler.sample(CUBE, h, 1, streams.at(i)))[0]
        x = np.array(list(params.values()))
        h.put(
            [
                TrialRow(
                    number=i,
                    params=params,
                    state=State.COMPLETE,
                    values=(sphere(x),),
                    constraints=told(x),
                )
            ]
        )
    return h


@pytest.mark.parametrize(
    ("told", "optimum"),
    [
        (lambda x: {"mean": 0.5 - x.mean()}, D * 0.04),
        (lambda x: {"a": 1e9 * (0.4 - x[0]), "b": 0.5 - x[1]}, 0.05),
        (lambda x: {"ball": ((x - 0.6) ** 2).sum() - 0.09}, (0.3 * math.sqrt(D) - 0.3) ** 2),
    ],
)
def test_an_optimum_on_a_border_is_approached(told, optimum: float) -> None:
    h = limited(told, 500, CMAES())
    assert h.feasible[300:].mean() > 0.5
    assert 0 <= h.losses[h.eligible, 0].min() - optimum < 3e-3


def test_larger_violations_later_do_not_change_what_was_folded_up() -> None:
    sampler = CMAES(population_size=5)

    def check(h: History) -> None:
        if h.n % 7 == 0:
            fresh = CMAES(population_size=5).sample(CUBE, h, 2, np.random.default_rng(h.n))
            np.testing.assert_array_equal(
                sampler.sample(CUBE, h, 2, np.random.default_rng(h.n)), fresh
            )

    rng = np.random.default_rng(0)
    limited(
        lambda x: {"a": rng.exponential(10) ** 3 * (x[0] - 0.2), "b": x[1] - 0.1},
        90,
        sampler,
        check,
    )


@pytest.mark.slow
def test_a_warm_start_is_where_it_was_feasible() -> None:
    """The best losses are at 0.3, which is not."""
    h, rng = History(CUBE, ["minimize"], 0), np.random.default_rng(0)
    for i, p in enumerate(CUBE.decode(CUBE.sample(rng, 300))):
        x = np.array(list(p.values()))
        h.put(
            [
                TrialRow(
                    number=i,
                    state=State.COMPLETE,
                    params=p,
                    values=(sphere(x),),
                    constraints={"c": 0.7 - x[0]},
                )
            ]
        )
    got = CMAES(start_at=300).sample(CUBE, h, 200, rng)[:, 0]
    assert np.mean(got > 0.7) > 0.6
    fewer = CMAES(start_at=300, warm_start=0.95).sample(CUBE, h, 200, rng)[:, 0]
    assert np.mean(fewer > 0.7) > 0.6


@pytest.mark.parametrize("restarts", ["ipop", "bipop", None])
def test_a_plateau_ends_a_search_and_a_larger_one_begins(restarts) -> None:
    space, sampler = Space({"x": Float(0, 1), "y": Float(0, 1)}), CMAES(restarts=restarts)
    search(lambda p: 1.0, space, 700, sampler)
    now = sampler._searches[-1]
    if restarts is None:
        assert (now.restart, now.size, now.n) == (0, 6, 696)
    else:
        assert now.restart >= 2
        assert now.largest >= 12
        assert now.n_large + now.n_narrow + now.n == now.end
    if restarts == "bipop":
        assert now.n_narrow > 0 or now.narrow


@pytest.mark.slow
def test_restarts_find_another_valley() -> None:
    def valleys(p: dict) -> float:
        x = np.array(list(p.values()))
        return min(float(((x - 0.5) ** 2).sum()), float(((x - 0.8) ** 2).sum()) - 0.1)

    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    for restarts in ("ipop", "bipop"):
        again = [
            best(search(valleys, space, 900, CMAES(0.05, 4, restarts), seed)) for seed in range(3)
        ]
        assert sum(b < -0.0999 for b in again) >= 2
    assert best(search(valleys, space, 900, CMAES(0.05, 4, None))) > -1e-9


@pytest.mark.slow
def test_learning_rates_adapt_to_noise() -> None:
    def error(lr_adapt: bool, seed: int) -> float:
        noise = np.random.default_rng(seed)
        h = search(
            lambda p: vector(sphere)(p) + 0.3 * noise.standard_normal(),
            CUBE,
            900,
            CMAES(lr_adapt=lr_adapt),
            seed,
        )
        return float(((h.X[-100:].mean(axis=0) - 0.3) ** 2).sum())

    assert np.mean([error(True, s) for s in range(3)]) < np.mean(
        [error(False, s) for s in range(3)]
    )


def test_failed_trials_rank_behind_pruned_ones_and_those_behind_complete_ones() -> None:
    """What lies to the right fails, what lies to the left is pruned.

    The search stays between, and moves left.
    """
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})

    def objective(t: luthier.Trial) -> float:
        t.report(0.0, 1)
        if t.params["x"] < 0.45:
            raise luthier.TrialPruned
        return math.nan if t.params["x"] > 0.55 else t.params["y"]

    study = luthier.create_study(space=space, sampler=CMAES(sigma0=0.3), seed=0)
    study.optimize(objective, n_trials=150)
    x = np.array([t.params["x"] for t in study.trials])
    assert np.mean((x[100:] >= 0.45) & (x[100:] <= 0.55)) > 0.5


def test_the_first_point_is_the_declared_one() -> None:
    space = Space(
        {"x": Float(0, 1, default=0.125), "c": Categorical(["a", "b"], default="b"), "k": Int(1, 5)}
    )
    study = luthier.create_study(space=space, sampler="CMAES", seed=0)
    assert study.ask().params == {"x": 0.125, "c": "b", "k": 3}


def test_it_says_what_it_cannot_do() -> None:
    with pytest.raises(SamplerError, match="continuous parameters only"):
        luthier.create_study(space=MIXED, sampler=CMAES(lr_adapt=True)).ask()
    for bad in (
        {"sigma0": 0},
        {"population_size": 3},
        {"restarts": "often"},
        {"start_at": -1},
        {"warm_start": 2},
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            CMAES(**bad)


def test_what_takes_too_long_or_too_much_memory_is_refused_at_once() -> None:
    rng = np.random.default_rng(0)
    wide = Space({f"x{i}": Float(0, 1) for i in range(501)})
    with pytest.raises(SamplerError, match="of 500 at most, got 501; use TPE, DE or Evolution"):
        CMAES().sample(wide, History(wide, ("minimize",), 0), 1, rng)
    uneven = Space({"u": list(range(50_000)), **{f"b{i}": [0, 1] for i in range(200)}})
    with pytest.raises(SamplerError, match="got 10,050,000; use TPE, DE or Evolution"):
        CMAES().sample(uneven, History(uneven, ("minimize",), 0), 1, rng)


def test_no_more_than_the_latest_epoch_is_replayed(monkeypatch) -> None:
    monkeypatch.setattr("luthier.samplers.cmaes._EPOCH", 600)
    n_learned = 0

    class Counting(_Search):
        def advance(self, history, columns, members):
            nonlocal n_learned
            n_learned += len(members)
            return super().advance(history, columns, members)

    monkeypatch.setattr("luthier.samplers.cmaes._Search", Counting)
    history = History(CUBE, ("minimize",), 3)
    rng = np.random.default_rng(1)
    X = np.clip(0.3 + 0.1 * rng.standard_normal((5_000, D)), 0, 1)
    history.put(
        TrialRow(number=i, state=State.COMPLETE, params=p, values=(sphere(x),))
        for i, (p, x) in enumerate(zip(CUBE.decode(X), X, strict=True))
    )
    proposed = CMAES().sample(CUBE, history, 20, np.random.default_rng(0))
    assert n_learned <= 600
    assert np.abs(proposed - 0.3).max() < 0.25


def test_a_study_that_is_longer_than_an_epoch_goes_on_where_it_stopped(monkeypatch) -> None:
    monkeypatch.setattr("luthier.samplers.cmaes._EPOCH", 40)

    def run(*parts: int) -> list[dict]:
        study = luthier.create_study(space=CUBE, seed=2)
        for n in parts:
            study.sampler = CMAES()
            study.optimize(
                lambda t: sphere(np.array(list(t.params.values()))), n_trials=n, progress=False
            )
        return [t.params for t in study.trials]

    assert run(39, 2, 1, 58) == run(100)
