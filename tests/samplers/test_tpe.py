"""The tree-structured Parzen estimator.

What it learns from which trials, and that its cost is bounded.
"""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Int, Space, State, TrialRow, testing
from luthier.history.history import History
from luthier.numerics.crossed_parzen import Ratio
from luthier.numerics.hypervolume import hypervolume
from luthier.samplers import TPE
from luthier.samplers.density_ratio import recency_weights
from luthier.samplers.ranking import rank_trials
from luthier.samplers.tpe import good_trial_weights


def history(space: Space, rows: list[tuple], directions=("minimize",)) -> History:
    """Trials (state, value, params)."""
    trials = [testing.trial(params, value, state) for state, value, params in rows]
    return testing.history(*trials, space=space, directions=directions)


LINE = Space({"x": Float(0, 1)})


def proposals(h: History, n: int = 200) -> np.ndarray:
    return np.concatenate(
        [TPE().sample(h.space, h, 1, np.random.default_rng(i)) for i in range(n)]
    )[:, 0]


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1), ("maximize", -1)])
def test_it_goes_where_it_is_good(direction: str, sign: int) -> None:
    rows = [(State.COMPLETE, sign * (x - 0.2) ** 2, {"x": x}) for x in np.linspace(0, 1, 21)]
    got = proposals(history(LINE, rows, (direction,)))
    assert np.abs(got - 0.2).mean() < 0.15


@pytest.mark.parametrize("where", ["on the bound", "inside the bound", "anywhere", "log", "steps"])
def test_a_search_of_one_parameter_is_refined_until_its_end(where: str) -> None:
    kind, optima = {
        "on the bound": (Float(0, 1), (0.0, 1.0, 0.0)),
        "inside the bound": (Float(0, 1), (0.03, 0.985, 0.01)),
        "anywhere": (Float(0, 1), (0.3, 0.6, 0.45)),
        "log": (Float(1e-6, 1e3, scale="log"), (2e-6, 0.02, 500.0)),
        "steps": (Float(0, 1, step=1e-4), (0.0213, 0.4567, 0.9999)),
    }[where]
    distance = []
    for seed, optimum in enumerate(optima):
        study = luthier.create_study(space={"x": kind}, sampler="tpe", seed=seed)
        best = float(kind.to_unit(optimum))
        study.optimize(
            lambda t, best=best: abs(float(kind.to_unit(t.params["x"])) - best),
            n_trials=80,
            progress=False,
        )
        distance.append(study.best_value)
    assert np.median(distance) < 1e-3  # of 80 random draws: 6e-3


def test_running_and_failed_trials_repel() -> None:
    rows = [(State.COMPLETE, (x - 0.5) ** 2, {"x": x}) for x in np.linspace(0, 1, 21)]
    before = proposals(history(LINE, rows))
    for state in (State.RUNNING, State.FAILED):
        crowded = proposals(
            history(LINE, rows + [(state, None, {"x": 0.5 + i * 1e-3}) for i in range(15)])
        )
        assert np.median(np.abs(crowded - 0.5)) > 1.5 * np.median(np.abs(before - 0.5))


def test_pruned_trials_rank_behind_complete_ones_by_how_far_they_came() -> None:
    states = [
        State.PRUNED,
        State.COMPLETE,
        State.PRUNED,
        State.FAILED,
        State.PRUNED,
        State.COMPLETE,
        State.RUNNING,
    ]
    h = history(
        LINE,
        [
            (s, 5.0 - i if s == State.COMPLETE else None, {"x": 0.1 * i})
            for i, s in enumerate(states)
        ],
    )
    for number, step, value in ((0, 3, 0.0), (2, 9, 2.0), (4, 9, 1.0)):
        h.put_report(number, step, value)
    order, n_finished = rank_trials(h)
    assert order.tolist() == [5, 1, 4, 2, 0, 3, 6]
    assert n_finished == 5


def test_trials_outside_the_present_range_are_left_out() -> None:
    h = history(
        Space({"x": Float(0, 0.5)}), [(State.COMPLETE, -x, {"x": x}) for x in np.linspace(0, 1, 21)]
    )
    assert set(rank_trials(h)[0]) == set(range(11))
    assert proposals(h, 20).max() <= 1


def test_a_branch_that_is_better_is_taken() -> None:
    space = Space(
        {"m": ["a", "b", "c"], "x": Float(0, 1, when={"m": "a"}), "y": Float(0, 1, when={"m": "b"})}
    )
    study = luthier.create_study(space=space, sampler="TPE", seed=0)
    study.optimize(
        lambda t: 1.0 if t.params["m"] != "b" else (t.params["y"] - 0.7) ** 2, n_trials=60
    )
    late = [t.params for t in study.trials[20:]]
    assert sum(p["m"] == "b" for p in late) > 30
    assert np.median([abs(p["y"] - 0.7) for p in late if p["m"] == "b"]) < 0.15


def test_correlations_are_seen_across_a_branch() -> None:
    """Good only where the shared x is low in branch a, and high in branch b.

    No parameter tells alone.
    """
    space = Space({"m": ["a", "b"], "x": Float(0, 1), "z": Float(0, 1, when={"m": "b"})})
    study = luthier.create_study(space=space, sampler="TPE", seed=1)
    study.optimize(
        lambda t: abs(t.params["x"] - (0.1 if t.params["m"] == "a" else 0.9)), n_trials=100
    )
    hits = [
        abs(t.params["x"] - (0.1 if t.params["m"] == "a" else 0.9)) < 0.25
        for t in study.trials[40:]
    ]
    assert np.mean(hits) > 0.6


def test_the_densities_stay_small_however_many_trials_there_are() -> None:
    rng = np.random.default_rng(0)
    h = history(LINE, [(State.COMPLETE, float(v), {"x": float(v)}) for v in rng.random(3000)])
    order, _ = rank_trials(h)
    weights = good_trial_weights(h, order, 25)
    good, bad, _ = TPE()._fitter.fit(LINE, h.X, order, weights, prior_exponent=0.0)
    assert len(good.weights) == 1 + 25
    assert len(bad.weights) == 1 + 160
    weights = recency_weights(np.arange(2975), 2975)
    assert bad.weights[1:-80].sum() == pytest.approx(
        weights[:-80].sum() / (1 + weights.sum()), rel=0.02
    )


def test_good_trials_weigh_by_how_much_better_they_are() -> None:
    h = history(LINE, [(State.COMPLETE, v, {"x": 0.5}) for v in (3.0, 1.0, 2.0, 9.0)])
    order, _ = rank_trials(h)
    np.testing.assert_allclose(good_trial_weights(h, order, 2), [4 / 3, 2 / 3])
    for value in (1.0, np.inf, -np.inf, 1e308):
        flat = history(LINE, [(State.COMPLETE, value, {"x": 0.5})] * 6)
        weights = good_trial_weights(flat, rank_trials(flat)[0], 2)
        assert np.isfinite(weights).all()
        assert (weights > 0).all()


def test_it_says_what_it_cannot_do() -> None:
    for bad in (
        {"gamma": 0},
        {"n_candidates": 0},
        {"bandwidth": -1},
        {"prior_weight": 0},
        {"n_startup_trials": 0},
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            TPE(**bad)


def test_it_finds_a_needle_among_integers() -> None:
    study = luthier.create_study(space={"a": Int(0, 30), "b": Int(0, 30)}, sampler="TPE", seed=2)
    study.optimize(lambda t: abs(t.params["a"] - 17) + abs(t.params["b"] - 4), n_trials=100)
    assert study.best_value <= 2


def two(x: np.ndarray) -> tuple[float, float]:
    """ZDT1: the front is where all but the first are 0."""
    g = 1 + 9 * x[1:].mean()
    return float(x[0]), float(g * (1 - np.sqrt(x[0] / g)))


def front_of(sampler: str, seed: int, directions=("minimize", "minimize")) -> float:
    """The hypervolume after 70 trials."""
    study = luthier.create_study(
        space={f"x{i}": Float(0, 1) for i in range(6)},
        sampler=sampler,
        objectives=directions,
        seed=seed,
    )
    signs = study.history.losses_of(np.ones(2))
    study.optimize(
        lambda t: list(two(np.array(list(t.params.values()))) * signs), n_trials=70, progress=False
    )
    return hypervolume(study.history.losses, np.array([1.1, 8.0]))


def test_a_front_is_approached() -> None:
    found, chance = (
        [front_of(sampler, seed) for seed in range(3)] for sampler in ("TPE", "random")
    )
    best = 8.8 - 1 / 3
    assert best - np.mean(found) < 0.65 * (best - np.mean(chance))


def test_directions_of_several_objectives_do_not_matter() -> None:
    assert front_of("TPE", 0, ("maximize", "minimize")) == pytest.approx(front_of("TPE", 0))


@pytest.mark.parametrize("m", [1, 2])
def test_the_feasible_corner_is_found_and_searched(m: int) -> None:
    """A hundredth of the cube is feasible; without the constraint the best is far from it."""

    def objective(trial: luthier.Trial) -> list[float]:
        x = np.array(list(trial.params.values()))
        trial.set_constraint("low", float(0.78 - x.min()))
        return [float(((x - t) ** 2).sum()) for t in (0.0, 1.0)[:m]]

    def feasible(sampler: str, seed: int) -> tuple[int, float]:
        space = {f"x{i}": Float(0, 1) for i in range(3)}
        study = luthier.create_study(
            space=space, sampler=sampler, objectives=["minimize"] * m, seed=seed
        )
        study.optimize(objective, n_trials=70, progress=False)
        h = study.history
        return int(h.feasible.sum()), float(h.losses[h.feasible, 0].min(initial=3.0))

    found = np.array([feasible("TPE", seed) for seed in range(2)])
    assert found[:, 0].min() > 10  # by chance one of them
    assert found[:, 1].max() < 3 * 0.86**2


def several(n: int, m: int = 3, constrained: bool = True) -> History:
    """Trials of a tree of conditions, many of them infeasible."""
    h, rng = History(TREE, ["minimize"] * m), np.random.default_rng(0)
    for i, params in enumerate(TREE.decode(TREE.sample(rng, n))):
        told = {"c": float(rng.normal()), "d": float(rng.normal(-1))} if constrained else {}
        state = State.FAILED if i % 9 == 8 else State.COMPLETE
        values = tuple(rng.random(m)) if state == State.COMPLETE else None
        h.put([TrialRow(number=i, state=state, params=params, values=values, constraints=told)])
    return h


TREE = Space(
    {
        "m": ["a", "b", "c"],
        "x": Float(0, 1, when={"m": "a"}),
        "k": Int(1, 4, when={"m": ["a", "b"]}),
        "y": Float(1e-3, 1, scale="log"),
        "z": Float(0, 1, step=0.25),
    },
    ["z <= 0.75"],
)


@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_proposals_of_several_objectives_are_legal_and_the_same_again(m: int) -> None:
    used = TPE()
    for n in (90, 30, 60):
        h = several(n, m)
        X = used.sample(TREE, h, 4, np.random.default_rng(1))
        assert TREE.feasible(X).all()
        assert (np.isnan(X) == ~TREE.active(X)).all()
        np.testing.assert_array_equal(
            X, TPE().sample(TREE, several(n, m), 4, np.random.default_rng(1))
        )


@pytest.mark.parametrize("m", [2, 5])
@pytest.mark.parametrize("value", [0.0, np.inf, -np.inf, 1.7e308])
def test_losses_that_tell_nothing(m: int, value: float) -> None:
    for some in (1, 3):
        h = several(40, m, constrained=False)
        for i in range(0, 40, some):
            values = (value,) * m if i % 2 else (value, *[1.0] * (m - 1))
            h.put([TrialRow(number=i, state=State.COMPLETE, params=h.params(i), values=values)])
        assert TREE.feasible(TPE().sample(TREE, h, 2, np.random.default_rng(0))).all()


def test_what_no_other_has_weighs_more_where_there_are_several_objectives() -> None:
    h = History(LINE, ["minimize"] * 2)
    losses = [(0.0, 1.0), (0.5, 0.5), (0.51, 0.49), (0.52, 0.48), (1.0, 0.0), (2.0, 2.0)]
    h.put(
        [
            TrialRow(number=i, state=State.COMPLETE, params={"x": 0.5}, values=v)
            for i, v in enumerate(losses)
        ]
    )
    order, _ = rank_trials(h)
    weights = good_trial_weights(h, order, 5)
    assert weights.mean() == pytest.approx(1)
    assert weights.min() >= 0.5
    assert sorted(order[np.argsort(-weights)[:2]]) == [0, 4]


def test_while_nothing_is_feasible_the_nearest_are_good() -> None:
    h = History(LINE, ["minimize"] * 2)
    for i, x in enumerate(np.linspace(0, 1, 41)):
        row = TrialRow(
            number=i,
            state=State.COMPLETE,
            params={"x": x},
            values=(x, 1.0),
            constraints={"c": 2 - x},
        )
        h.put([row])
    assert proposals(h, 60).mean() > 0.8


def test_priors_steer_several_objectives() -> None:
    means = []
    for prior in (None, (0.95, 0.05)):
        h = History(Space({"x": Float(0, 1, prior=prior), "y": Float(0, 1)}), ["minimize"] * 2)
        for i, (x, y) in enumerate(np.random.default_rng(0).random((12, 2))):
            h.put(
                [
                    TrialRow(
                        number=i, state=State.COMPLETE, params={"x": x, "y": y}, values=(y, 1 - y)
                    )
                ]
            )
        means.append(proposals(h, 60).mean())
    assert means[1] > means[0] + 0.15


def test_a_batch_of_what_is_left_of_a_finite_space_has_no_point_twice() -> None:
    space = Space({"k": Int(0, 27)})
    history = History(space, ["minimize"], 0)
    for i in range(18):
        history.put([TrialRow(number=i, state=State.COMPLETE, params={"k": i}, values=(float(i),))])
    for seed in range(4):
        X = TPE().sample(space, history, 8, np.random.default_rng(seed))
        assert len(np.unique(X, axis=0)) == 8


def test_columns_are_combined_in_time_that_does_not_grow_with_their_square(monkeypatch) -> None:
    n_lines = 0

    def counting_line(self, j):
        nonlocal n_lines
        n_lines += 1
        return line(self, j)

    line = Ratio.line
    monkeypatch.setattr(Ratio, "line", counting_line)
    space = {f"c{i}": ["a", "b", "c"] for i in range(700)}
    study = luthier.create_study(
        space=space, sampler="tpe", objectives=["minimize", "minimize"], seed=1
    )

    def objective(trial):
        n = [list(trial.params.values()).count(c) for c in "ab"]
        return -n[0], -n[1]

    study.optimize(objective, n_trials=10, progress=False)
    assert n_lines == 2 * 500
