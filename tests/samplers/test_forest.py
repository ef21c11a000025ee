"""Random-forest search: what it learns from which trials; evaluations have to be earned."""

from __future__ import annotations

import math

import numpy as np
import pytest

import luthier
from luthier import Categorical, Float, Int, Space, State, TrialRow, testing
from luthier.history.history import History
from luthier.samplers import Forest
from luthier.samplers.configurations import Configurations, signed_ranks
from luthier.samplers.forest import normal_quantiles
from luthier.samplers.neighbourhood import Neighbourhood

LINE = Space({"x": Float(0, 1)})
POINTS = Space({"k": Int(0, 99)})


def history(space: Space, rows: list[tuple], directions=("minimize",)) -> History:
    """Trials (state, value, params)."""
    trials = [testing.trial(params, value, state) for state, value, params in rows]
    return testing.history(*trials, space=space, directions=directions)


def proposals(h: History, n: int = 30, **settings) -> np.ndarray:
    forest = Forest(random_share=0.0, **settings)
    return np.concatenate(
        [forest.sample(h.space, h, 1, np.random.default_rng(i)) for i in range(n)]
    )[:, 0]


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_it_goes_where_it_is_good(direction: str, sign: int) -> None:
    rows = [(State.COMPLETE, sign * (x - 0.2) ** 2, {"x": x}) for x in np.linspace(0, 1, 21)]
    assert np.abs(proposals(history(LINE, rows, (direction,))) - 0.2).mean() < 0.1


def test_running_trials_repel() -> None:
    rows = [(State.COMPLETE, (x - 0.51) ** 2, {"x": x}) for x in np.linspace(0, 1, 21)]
    before = np.median(np.abs(proposals(history(LINE, rows)) - 0.51))
    running = [(State.RUNNING, None, {"x": 0.51 + i * 4e-3}) for i in range(-10, 11)]
    assert np.median(np.abs(proposals(history(LINE, rows + running)) - 0.51)) > before


def test_failed_trials_repel_and_pruned_ones_rank_behind() -> None:
    rows = [(State.COMPLETE, -x, {"x": x}) for x in np.linspace(0, 0.6, 13)]
    for state in (State.FAILED, State.PRUNED):
        worse = [(state, None, {"x": x}) for x in np.linspace(0.7, 1, 13)]
        got = proposals(history(LINE, rows + worse))
        assert np.mean((got > 0.5) & (got < 0.72)) > 0.9
        assert np.mean(proposals(history(LINE, rows)) > 0.7) > 0.5


def test_workers_that_ask_at_once_get_different_points() -> None:
    for space in (LINE, POINTS, Space({"c": list("abcdefgh"), "d": [1, 2, 3]})):
        rng = np.random.default_rng(0)
        h = history(
            space,
            [
                (State.COMPLETE, float(i), p)
                for i, p in enumerate(space.decode(space.sample(rng, 10)))
            ],
        )
        X = Forest().sample(space, h, 8, rng)
        assert len(set(space.keys(X))) == 8
        assert not set(space.keys(X)) & set(space.keys(h.X))


def test_declared_defaults_come_first() -> None:
    space = {"x": Float(0, 1, default=0.125), "c": Categorical(["a", "b"], default="b")}
    study = luthier.create_study(space=space, sampler="Forest", seed=0)
    study.optimize(lambda t: t.params["x"], n_trials=3)
    assert [t.params == {"x": 0.125, "c": "b"} for t in study.trials] == [True, False, False]


def test_every_choice_gets_its_chance() -> None:
    """The best is b with m = 2, where b was only seen with m = 1, which is bad with everything."""
    space = Space({"c": ["a", "b", "c", "d"], "m": [1, 2], "x": Float(0, 1)})
    rows = [(State.COMPLETE, 1.0 - 0.01 * i, {"c": "a", "m": 2, "x": i / 20}) for i in range(20)]
    rows += [(State.COMPLETE, 5.0, {"c": c, "m": 1, "x": i / 5}) for c in "abcd" for i in range(5)]
    h = history(space, rows)
    X = np.concatenate([Forest().sample(space, h, 1, np.random.default_rng(i)) for i in range(60)])
    assert {(p["c"], p["m"]) for p in space.decode(X)} >= {("b", 2), ("c", 2), ("d", 2)}


def test_no_point_twice_where_a_branch_is_finite() -> None:
    """The space as a whole is not, so that nothing else would notice."""
    space = Space(
        {"m": ["a", "b"], "k": Int(1, 5, when={"m": "a"}), "x": Float(0, 1, when={"m": "b"})}
    )
    study = luthier.create_study(space=space, sampler="Forest", seed=0)
    study.optimize(lambda t: t.params["k"] if t.params["m"] == "a" else 9.0, n_trials=40)
    assert len({str(t.params) for t in study.trials}) == 40


def test_a_branch_that_is_better_is_taken() -> None:
    space = Space(
        {"m": ["a", "b", "c"], "x": Float(0, 1, when={"m": "a"}), "y": Float(0, 1, when={"m": "b"})}
    )
    study = luthier.create_study(space=space, sampler="Forest", seed=0)
    study.optimize(
        lambda t: 1.0 if t.params["m"] != "b" else (t.params["y"] - 0.7) ** 2, n_trials=50
    )
    late = [t.params for t in study.trials[20:]]
    assert sum(p["m"] == "b" for p in late) > 15
    assert np.median([abs(p["y"] - 0.7) for p in late if p["m"] == "b"]) < 0.1


@pytest.mark.slow
def test_it_beats_chance_among_categories() -> None:
    weights = np.random.default_rng(0).normal(size=(10, 5))
    space = {f"c{i}": list(range(5)) for i in range(10)}

    def best(sampler: str, seed: int) -> float:
        study = luthier.create_study(space=space, sampler=sampler, seed=seed)
        study.optimize(
            lambda t: float(sum(weights[i, t.params[f"c{i}"]] for i in range(10))), n_trials=50
        )
        return study.best_value

    assert max(best("Forest", s) for s in range(2)) < min(best("Random", s) for s in range(2))


def test_neighbours_differ_in_one_parameter_and_what_hangs_on_it() -> None:
    space = Space(
        {
            "m": ["a", "b", "c"],
            "x": Float(0, 1, when={"m": "a"}),
            "y": Float(0, 1, when={"m": "b"}),
            "k": Int(0, 9),
        },
        ["k > 2"],
    )
    kinds = np.array([3, 0, 0, 0])
    leaders = space.encode([{"m": "a", "x": 0.5, "k": 5}, {"m": "b", "y": 0.25, "k": 7}])
    N = Neighbourhood(space, kinds, leaders, np.random.default_rng(0)).near(leaders[:1], 0.1)
    assert space.feasible(N).all()
    assert (np.isnan(N) == ~space.active(N)).all()
    k = space.raw(leaders)[0, 3]
    same = np.column_stack([N[:, 0] == 0, N[:, 1] == 0.5, space.raw(N)[:, 3] == k])
    assert (same[N[:, 0] == 0].sum(axis=1) >= 2).all()
    assert same[N[:, 0] != 0, 2].all()
    assert set(N[:, 0]) == {0, 1, 2}
    assert 0.25 in {
        v
        for i in range(20)
        for v in Neighbourhood(space, kinds, leaders, np.random.default_rng(i)).near(
            leaders[:1], 0.1
        )[:, 2]
    }


def test_losses_become_normal_quantiles() -> None:
    np.testing.assert_allclose(
        normal_quantiles(np.array([5.0, -1e300, 5.0])), [0.43, -0.43, 0.43], atol=1e-3
    )
    assert normal_quantiles(np.zeros(4)).tolist() == [0] * 4


def limited(rows: list[tuple], told) -> History:
    """What trials told of "c", by their x; None where they did not."""
    h = History(LINE, ["minimize"])
    for i, (state, value, x) in enumerate(rows):
        c = told(x)
        h.put(
            [
                TrialRow(
                    number=i,
                    state=state,
                    params={"x": x},
                    values=None if value is None else (value,),
                    constraints={} if c is None else {"c": c},
                )
            ]
        )
    return h


def test_of_constraints_the_ranks_of_sizes_count_and_the_signs() -> None:
    told = np.array([[-math.inf, 1.0], [0.0, 1.0], [2.0, -1.0], [-2.0, math.nan], [1e9, 1.0]])
    expected = [[-1, 1], [0, 1], [0.5, -1], [-0.5, np.nan], [0.75, 1]]
    np.testing.assert_array_equal(signed_ranks(told), expected)
    assert signed_ranks(np.full((2, 1), np.nan)).shape == (2, 1)


def test_the_best_feasible_place_is_looked_for_where_the_constraint_ends() -> None:
    """The loss falls to the right, and from 0.6 on nothing is feasible.

    Failed trials told as well.
    """
    for state in (State.COMPLETE, State.FAILED):
        rows = [(State.COMPLETE, -x, x) for x in np.linspace(0, 0.55, 12)]
        rows += [
            (state, -x if state == State.COMPLETE else None, x) for x in np.linspace(0.65, 1, 8)
        ]
        got = proposals(limited(rows, lambda x: x - 0.6))
        assert np.mean((got > 0.5) & (got < 0.66)) > 0.9


def test_while_nothing_is_feasible_only_the_probability_counts() -> None:
    rows = [(State.COMPLETE, -x, x) for x in np.linspace(0, 1, 21)]
    assert np.abs(proposals(limited(rows, lambda x: (x - 0.2) ** 2 + 0.01)) - 0.2).mean() < 0.1
    failed = [(State.FAILED, None, x) for x in np.linspace(0, 1, 21)]
    assert np.abs(proposals(limited(failed, lambda x: (x - 0.2) ** 2 + 0.01)) - 0.2).mean() < 0.1


def test_the_incumbent_is_feasible_and_what_is_not_earns_no_evaluation() -> None:
    rows = [(State.COMPLETE, v, x) for x, v in ((0.9, 0.0), (0.1, 2.0), (0.3, 1.0), (0.1, 2.0))]
    h = limited(rows, lambda x: x - 0.5)
    assert Forest(max_repeats=8).incumbent(h) == 1  # evaluated twice
    tried = Configurations(LINE, h)
    assert tried.X[tried.next_repeat(8), 0] == 0.3
    assert Forest().incumbent(limited(rows, lambda x: 1.0)) is None


@pytest.mark.parametrize("value", [0.0, 1e308, -1e308, math.inf, -math.inf])
def test_constant_objectives(value: float) -> None:
    study = luthier.create_study(
        space={"x": Float(0, 1), "c": ["a", "b"]}, sampler="Forest", seed=0
    )
    study.optimize(lambda t: value, n_trials=25)
    assert len({str(t.params) for t in study.trials}) == 25


def test_losses_of_all_kinds() -> None:
    odd = [math.inf, -1e308, 1e308, 3.0, -math.inf, 0.0, math.nan]
    study = luthier.create_study(
        space={"x": Float(0, 1), "c": ["a", "b"]}, sampler="Forest", seed=0
    )
    study.optimize(lambda t: odd[t.number % 7], n_trials=30)
    assert len({str(t.params) for t in study.trials}) == 30


def test_one_trial_suffices() -> None:
    for state, value in ((State.COMPLETE, 1.0), (State.FAILED, None), (State.RUNNING, None)):
        X = Forest(n_startup_trials=1).sample(
            LINE, history(LINE, [(state, value, {"x": 0.3})]), 3, np.random.default_rng(0)
        )
        assert len(set(X[:, 0])) == 3


def test_duplicates_of_a_finite_space_that_is_used_up() -> None:
    space = Space({"c": ["a", "b"], "z": [True, False]})
    study = luthier.create_study(space=space, sampler="Forest", seed=0)
    study.optimize(lambda t: float(t.params["z"]), n_trials=20)
    assert len({str(t.params) for t in study.trials[:4]}) == 4


def test_the_cost_does_not_grow_without_end() -> None:
    rng = np.random.default_rng(0)
    h = history(LINE, [(State.COMPLETE, float(v), {"x": float(v)}) for v in rng.random(3000)])
    tried = Configurations(LINE, h)
    over, running = tried.select_modelled()
    assert (len(over), len(running)) == (400, 0)
    assert tried.loss[over].min() == h.losses.min()
    assert tried.loss[over].max() > 0.95


def test_trials_outside_the_present_range_are_left_out() -> None:
    h = history(
        Space({"x": Float(0, 0.5)}), [(State.COMPLETE, -x, {"x": x}) for x in np.linspace(0, 1, 21)]
    )
    assert Configurations(h.space, h).n_observed == 11
    assert proposals(h, 5).max() <= 1


def test_it_says_what_it_cannot_do() -> None:
    for bad in (
        {"n_trees": 1},
        {"random_share": 2},
        {"n_random": 0},
        {"max_repeats": 0},
        {"n_startup_trials": 0},
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Forest(**bad)


# -- racing
# ----------------------------------------------------------------------------------------------


def race(runs: dict[int, list[float | None]], max_repeats: int = 8) -> int | None:
    """Which k is run again, where each was run in turn with these losses.

    None stands for a trial that runs.
    """
    rows = [
        (State.RUNNING if v is None else State.COMPLETE, v, {"k": k})
        for k, vs in runs.items()
        for v in vs
    ]
    tried = Configurations(POINTS, history(POINTS, rows))
    again = tried.next_repeat(max_repeats)
    return None if again is None else int(POINTS.raw(tried.X)[again, 0])


@pytest.mark.parametrize(
    ("runs", "again"),
    [
        ({1: [5.0], 2: [6.0]}, 1),  # the incumbent, as something new was tried
        ({2: [6.0], 1: [5.0]}, None),  # nothing new since
        ({1: [5.0, 5.0, 5.0], 3: [9], 4: [9], 2: [4.0]}, 2),  # a better mean earns a second
        ({1: [5.0] * 3, 3: [9], 4: [9], 2: [4.0, 5.5]}, 2),  # and a third
        (
            {1: [5.0] * 3, 3: [9], 4: [9], 2: [4.0, 6.5]},
            1,
        ),  # a worse one ends it: the incumbent's turn
        ({1: [5.0] * 3, 3: [9], 4: [9], 2: [4.0, None]}, 1),  # it is being run
        ({1: [5.0] * 3, 3: [9], 4: [9], 5: [9], 2: [4.0, 5.5, None]}, 1),
        ({1: [5.0] * 3 + [None], 3: [9], 4: [9], 5: [9], 2: [4.0]}, 2),
        ({1: [5.0] * 8, **{k: [9.0] for k in range(10, 20)}}, None),  # the most there is
        ({1: [5.0] * 4, 2: [4.0], 3: [4.5]}, None),  # as many repeats as configurations
        ({1: [5.0] * 2, 2: [4.0], 3: [3.0]}, 3),  # the best first
    ],
)
def test_what_earns_another_evaluation(
    runs: dict[int, list[float | None]], again: int | None
) -> None:
    assert race(runs) == again


def test_nothing_is_repeated_unless_asked() -> None:
    assert race({1: [5.0], 2: [6.0]}, max_repeats=1) is None


def test_the_incumbent_has_at_least_as_many_evaluations() -> None:
    def best(runs: dict[int, list[float]], max_repeats: int) -> float:
        rows = [(State.COMPLETE, v, {"k": k}) for k, vs in runs.items() for v in vs]
        h = history(POINTS, rows)
        return POINTS.decode(h.X)[Forest(max_repeats=max_repeats).incumbent(h)]["k"]

    runs = {1: [5.0, 6.0, 5.0], 2: [1.0, 7.0], 3: [0.0]}
    assert [best(runs, m) for m in (1, 2, 3, 8)] == [3, 2, 1, 1] or best(runs, 2) == 2
    assert Forest().incumbent(history(POINTS, [(State.FAILED, None, {"k": 1})])) is None


def noisy(
    sampler: Forest, seed: int, n_trials: int, jobs: int = 1
) -> tuple[float, float, list[int]]:
    """True loss of the incumbent and of the luckiest draw; evaluations of each configuration."""
    rng, truth = np.random.default_rng(seed), lambda p: abs(p["x"] - 0.3) + 0.3 * (p["c"] != "b")
    study = luthier.create_study(
        space={"x": Float(0, 1), "c": ["a", "b", "c"]}, sampler=sampler, seed=seed
    )
    for _ in range(n_trials // jobs):
        trials = [study.ask() for _ in range(jobs)]
        for t in trials:
            study.tell(t, truth(t.params) + 0.3 * rng.standard_normal())
    chosen = sampler.incumbent(study.history)
    counts = list(np.unique([str(t.params) for t in study.trials], return_counts=True)[1])
    return truth(study.trials[chosen].params), truth(study.best_params), counts


@pytest.mark.slow
def test_what_is_chosen_by_racing_is_truer_than_the_luckiest_draw() -> None:
    settings = {"n_random": 100, "n_trees": 8}
    raced = [noisy(Forest(max_repeats=4, **settings), seed, 60) for seed in range(6)]
    single = [noisy(Forest(**settings), seed, 60) for seed in range(6)]
    assert np.mean([r[0] for r in raced]) < 0.85 * np.mean([s[1] for s in single])
    assert all(max(r[2]) == 4 for r in raced)
    assert all(max(s[2]) == 1 for s in single)


@pytest.mark.slow
def test_parallel_workers_do_not_repeat_too_often() -> None:
    for seed in range(3):
        _, _, counts = noisy(Forest(max_repeats=4, n_random=100), seed, 64, jobs=8)
        assert 1 < max(counts) <= 4
        assert sum(counts) <= 2 * len(counts)


def test_models_learn_from_the_means_of_repeats() -> None:
    rows = [(State.COMPLETE, v, {"k": k}) for k, v in ((1, 1.0), (2, 5.0), (1, 3.0), (3, 0.0))]
    tried = Configurations(POINTS, history(POINTS, [*rows, (State.RUNNING, None, {"k": 9})]))
    over, running = tried.select_modelled()
    assert POINTS.raw(tried.X[over])[:, 0].tolist() == [1, 2, 3]
    assert tried.loss[over].tolist() == [2, 5, 0]
    assert POINTS.raw(tried.X[running])[:, 0].tolist() == [9]


def test_categories_of_order_are_numbers() -> None:
    space = Space({"o": Categorical(list(range(12)), ordered=True)})
    h = history(space, [(State.COMPLETE, abs(i - 7.0), {"o": i}) for i in range(12) if i != 7])
    assert space.decode(Forest(random_share=0).sample(space, h, 1, np.random.default_rng(0))) == [
        {"o": 7}
    ]
