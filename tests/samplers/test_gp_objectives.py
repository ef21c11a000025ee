"""The Gaussian-process sampler with several objectives, and with constraints on results."""

from __future__ import annotations

import math

import numpy as np
import pytest

import luthier
from luthier import Float, Int, Space, State, TrialRow
from luthier.history.history import History
from luthier.models.surrogate import probability_of_feasibility
from luthier.models.training_data import (
    InputEncoder,
    collect_objectives,
)
from luthier.numerics.gp import Posterior
from luthier.numerics.hypervolume import hypervolume
from luthier.samplers import GP
from luthier.samplers.gp import select_nearest
from luthier.samplers.gp_acquisitions import Acquisition, LogCost, LogEHVI, LogEI, LogPI, LogReach

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
MIXED = Space(
    {
        "x": Float(0, 1, prior=(0.7, 0.2)),
        "k": Int(1, 40),
        "c": ["a", "b"],
        "z": Float(0, 1, when={"c": "a"}),
    }
)


def row(number: int, params: dict, values: tuple[float, ...] | None, **more) -> TrialRow:
    state = State.FAILED if values is None else State.COMPLETE
    return TrialRow(
        number=number, state=state, params=params, values=values, finished_s=float(number), **more
    )


def told(space: Space, n: int, values, constraints=None, seed: int = 0) -> History:
    """A history of n random points; `values` of params, None fails.

    `constraints` of params, by name.
    """
    some = values(space.decode(space.sample(np.random.default_rng(seed), 1))[0])
    history = History(space, ["minimize"] * len(some or (0,)), seed)
    for i, p in enumerate(space.decode(space.sample(np.random.default_rng(seed), n))):
        history.put(
            [row(i, p, values(p), constraints={} if constraints is None else constraints(p))]
        )
    return history


def two(p: dict) -> tuple[float, float]:
    """The front is the line from (0.2, 0.5) to (0.8, 0.5)."""
    off = (p["y"] - 0.5) ** 2
    return (p["x"] - 0.2) ** 2 + off, (p["x"] - 0.8) ** 2 + off


def gardner(p: dict) -> tuple[float, float]:
    """Loss and constraint of the first problem of Gardner 2014.

    The best feasible loss is -1.8888.
    """
    x, y = 6 * p["x"], 6 * p["y"]
    return math.cos(2 * x) * math.cos(y) + math.sin(x), math.cos(x + y) + 0.5


def volume(losses: np.ndarray, reference: float = 1.0) -> float:
    return hypervolume(losses, np.full(losses.shape[1], reference))


@pytest.mark.parametrize("seed", range(2))
def test_the_front_of_two_bowls(seed: int) -> None:
    study = luthier.create_study(
        space=SQUARE, objectives=["minimize", "maximize"], sampler="gp", seed=seed
    )
    study.optimize(lambda t: (two(t.params)[0], -two(t.params)[1]), n_trials=35)
    x = np.linspace(0.2, 0.8, 2001)
    best = volume(np.column_stack([(x - 0.2) ** 2, (x - 0.8) ** 2]), 0.4)
    assert volume(study.history.losses, 0.4) > 0.93 * best


def corner(p: dict) -> tuple[float, float]:
    """ZDT1: the front lies in a corner of the space in all but the first parameter."""
    first, *rest = p.values()
    g = 1 + 9 * sum(rest) / len(rest)
    return first, g * (1 - math.sqrt(first / g))


@pytest.mark.slow
def test_a_front_at_the_border_of_the_space() -> None:
    space = Space({f"x{i}": Float(0, 1) for i in range(6)})
    study = luthier.create_study(space=space, objectives=["minimize"] * 2, sampler="gp", seed=0)
    study.optimize(lambda t: corner(t.params), n_trials=40)
    assert volume(study.history.losses, 1.1) > 0.85 * (1.21 - 1.1 + 2 / 3)


@pytest.mark.slow
def test_five_objectives() -> None:
    centres = np.random.default_rng(0).random((5, 2))

    def distances(p: dict) -> tuple[float, ...]:
        return tuple((((p["x"], p["y"]) - centres) ** 2).sum(axis=1).tolist())

    found = {}
    for name in ("gp", "random"):
        study = luthier.create_study(
            space=SQUARE, objectives=["minimize"] * 5, sampler=name, seed=0
        )
        study.optimize(lambda t: distances(t.params), n_trials=30)
        found[name] = volume(study.history.losses, 0.5)
    assert found["gp"] > 1.02 * found["random"]


@pytest.mark.parametrize("gain", ["ei", "ehvi", "reach", "none"])
def test_the_slope_of_the_acquisition_is_its_derivative(gain: str) -> None:
    """With constraints, a prior, a cost and a mixed conditional space."""
    rng, encoder = np.random.default_rng(0), InputEncoder(MIXED)
    X = MIXED.sample(rng, 30)
    Z = encoder.encode(X)
    theta = np.array([1.0, 0.5, 0.3, 0.0, 0.0, -6.0])

    def model(y: np.ndarray) -> Posterior:
        return Posterior.of(theta, Z, y)

    losses = np.column_stack([Z.N[:, 0] - 0.5, (Z.N[:, 0] - 0.8) ** 2 + Z.C[:, 0] - 0.5, Z.N[:, 1]])
    several = [model(y) for y in losses.T]
    made = {
        "ei": lambda: LogEI(several[0], -0.3, 1.5),
        "ehvi": lambda: LogEHVI(several, losses, np.full(3, 2.0)),
        "reach": lambda: LogReach(several, losses, np.full(3, 2.0), rng),
        "none": lambda: None,
    }[gain]()
    kept = [LogPI(model(Z.N[:, 2] - 0.5), 0.2, 1.5), LogPI(model(0.5 - Z.N[:, 0]), -0.1, 1.0)]
    acquisition = Acquisition(
        MIXED, encoder, made, kept, LogCost(model(Z.N[:, 1] - 0.5), 0.8), prior_exponent=0.4
    )
    at = MIXED.sample(rng, 8)
    f, by = acquisition.slope(at)
    np.testing.assert_allclose(f, acquisition.value(at))
    for j, name in enumerate(MIXED.names):
        step = np.zeros(MIXED.d)
        step[j] = 0.0 if name == "c" else 1e-6
        got = (acquisition.value(at + step) - acquisition.value(at - step)) / 2e-6
        there = ~np.isnan(at[:, j])
        np.testing.assert_allclose(by[there, j], got[there], rtol=2e-3, atol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("m", [2, 3, 5])
def test_a_batch_and_what_runs_spread(m: int) -> None:
    def losses(p: dict) -> tuple[float, ...]:
        return tuple((p["x"] - j / (m - 1)) ** 2 + (p["y"] - 0.5) ** 2 for j in range(m))

    history = told(SQUARE, 20, losses)
    X = GP().sample(SQUARE, history, 8, np.random.default_rng(0))
    apart = np.abs(X[:, None] - X).max(axis=2)
    apart[np.eye(8, dtype=bool)] = np.inf
    assert apart.min() > 1e-3
    first = GP().sample(SQUARE, history, 1, np.random.default_rng(0))[0]
    history.put(
        [
            TrialRow(
                number=20, state=State.RUNNING, params={"x": float(first[0]), "y": float(first[1])}
            )
        ]
    )
    assert np.abs(GP().sample(SQUARE, history, 1, np.random.default_rng(0))[0] - first).max() > 1e-3


@pytest.mark.slow
def test_what_a_used_sampler_proposes_a_new_one_proposes_too() -> None:
    """With two objectives, a constraint, failures and a changing cost."""

    def values(p: dict) -> tuple[float, float] | None:
        return None if p["k"] == 7 else (p["x"] + p["k"] / 40, (p["x"] - 1) ** 2 + p.get("z", 1.0))

    space, used = MIXED, GP()
    whole = told(space, 24, lambda p: values(p) or (0.0, 0.0))
    history = History(space, ["minimize"] * 2)
    history.update_info(crash=True)
    for i, p in enumerate(space.decode(whole.X)):
        history.put([row(i, p, values(p), constraints={"c": p["x"] - 0.6}, cost=1 + p["x"])])
        X = used.sample(space, history, 2, np.random.default_rng(i))
        if i in (11, 23):
            np.testing.assert_array_equal(
                GP().sample(space, history, 2, np.random.default_rng(i)), X
            )
        assert space.feasible(X).all()


@pytest.mark.parametrize("seed", range(2))
def test_a_constrained_optimum(seed: int) -> None:
    study = luthier.create_study(space=SQUARE, sampler="gp", seed=seed)

    def objective(trial: luthier.Trial) -> float:
        loss, c = gardner(trial.params)
        trial.set_constraint("c", c)
        return loss

    study.optimize(objective, n_trials=35)
    assert study.best_value < -1.87


@pytest.mark.slow
def test_a_constrained_front() -> None:
    """Only x <= 0.5 is allowed: half of the front."""
    study = luthier.create_study(space=SQUARE, objectives=["minimize"] * 2, sampler="gp", seed=0)

    def objective(trial: luthier.Trial) -> tuple[float, float]:
        trial.set_constraint("x", 1e6 * (trial.params["x"] - 0.5))
        return two(trial.params)

    study.optimize(objective, n_trials=40)
    history = study.history
    x = np.linspace(0.2, 0.5, 1001)
    best = volume(np.column_stack([(x - 0.2) ** 2, (x - 0.8) ** 2]), 0.4)
    assert volume(history.losses[history.feasible], 0.4) > 0.9 * best


@pytest.mark.parametrize("m", [1, 2])
def test_nothing_feasible_yet(m: int) -> None:
    """The search is for what is feasible: a disc of radius 0.1, of which the losses say nothing."""
    history = History(SQUARE, ["minimize"] * m)
    sampler = GP()
    rng = np.random.default_rng(1)
    for i in range(30):
        p = SQUARE.decode(sampler.sample(SQUARE, history, 1, rng))[0]
        gap = math.hypot(p["x"] - 0.7, p["y"] - 0.6) - 0.1
        history.put([row(i, p, (-p["x"],) * m, constraints={"gap": gap})])
        if gap <= 0:
            break
    assert history.feasible.any()
    assert len(sampler.sample(SQUARE, history, 3, rng)) == 3


def test_a_constraint_that_all_break_alike_sends_the_search_away() -> None:
    history = told(SQUARE, 12, lambda p: (p["x"] / 10,), lambda p: {"c": 1.0})
    X = GP().sample(SQUARE, history, 1, np.random.default_rng(0))
    assert np.abs(history.X - X).max(axis=1).min() > 0.1


def test_where_trials_fail_is_learned() -> None:
    def values(p: dict) -> tuple[float] | None:
        return None if p["x"] > 0.5 else (-p["x"],)

    history = told(SQUARE, 30, values)
    history.update_info(crash=True)
    X = SQUARE.sample(np.random.default_rng(1), 200)
    p = probability_of_feasibility(SQUARE, history, X)
    assert (p[X[:, 0] < 0.35] > 0.5).all()
    assert (p[X[:, 0] > 0.65] < 0.5).all()
    number, losses, good = collect_objectives(history)
    assert (history.state[number] == State.COMPLETE).all()
    assert losses.max() <= 0
    assert good.all()
    assert GP().sample(SQUARE, history, 1, np.random.default_rng(0))[0, 0] < 0.65


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values",
    [
        lambda p: (p["x"], 1.0),
        lambda p: (1.0, 1.0),
        lambda p: (p["x"], math.inf if p["y"] > 0.5 else p["y"]),
        lambda p: (math.inf, p["y"]),
        lambda p: (math.inf, -math.inf),
        lambda p: (p["x"], 10 ** (200 * p["y"])),
        lambda p: (p["x"], -p["x"], p["x"], p["x"]),
    ],
)
def test_odd_losses(values) -> None:
    history = told(SQUARE, 25, values, lambda p: {"c": math.inf if p["x"] > 0.9 else -math.inf})
    for seed in range(2):  # either acquisition
        X = GP().sample(SQUARE, history, 2, np.random.default_rng(seed))
        assert ((X >= 0) & (X <= 1)).all()


def test_one_point_again_and_again() -> None:
    history = History(SQUARE, ["minimize"] * 3)
    for i in range(30):
        history.put(
            [row(i, {"x": 0.5, "y": 0.5}, (float(i % 2), 1.0, 0.0), constraints={"c": i % 2 - 0.5})]
        )
    assert SQUARE.feasible(GP().sample(SQUARE, history, 3, np.random.default_rng(0))).all()


def test_many_trials_and_many_parameters() -> None:
    """Local models and boxes around the front."""
    space = Space({f"x{i}": Float(0, 1) for i in range(22)})
    history = told(space, 70, corner)
    X = GP(n_local=30).sample(space, history, 2, np.random.default_rng(0))
    assert space.feasible(X).all()


def test_cost_is_weighed_with_several_objectives() -> None:
    """Both objectives are as good in two basins; one costs a hundred times as much."""

    def values(p: dict) -> tuple[float, float]:
        off = min((p["x"] - 0.2) ** 2, (p["x"] - 0.8) ** 2)
        return off + (p["y"] - 0.3) ** 2, off + (p["y"] - 0.7) ** 2

    def share(exponent: float) -> float:
        dear = 0
        for seed in range(6):
            history = told(SQUARE, 0, values)
            for i, p in enumerate(SQUARE.decode(SQUARE.sample(np.random.default_rng(seed), 14))):
                history.put([row(i, p, values(p), cost=100.0 if p["x"] > 0.5 else 1.0)])
            history.update_info(budget=1000)
            dear += (
                GP(cost_exponent=exponent).sample(SQUARE, history, 1, np.random.default_rng(seed))[
                    0, 0
                ]
                > 0.5
            )
        return dear / 6

    assert share(1.0) < share(0.0)


def test_partly_trained_trials_and_a_constraint() -> None:
    """The loss falls with x and y, of which the sum must stay below 1.

    Half of the trials are stopped on their way.
    """
    history = History(SQUARE, ["minimize"])
    for i, p in enumerate(SQUARE.decode(SQUARE.sample(np.random.default_rng(0), 30))):
        total, ended = p["x"] + p["y"], i % 2 == 0
        history.put(
            [
                TrialRow(
                    number=i,
                    state=State.COMPLETE if ended else State.PRUNED,
                    params=p,
                    values=(-total,) if ended else None,
                    constraints={"sum": total - 1} if ended else {},
                )
            ]
        )
        for step in range(1, 9 if ended else 5):
            history.put_report(i, step, -total + 1 / step)
    X = GP().sample(SQUARE, history, 4, np.random.default_rng(0))
    assert (X.sum(axis=1) < 1.25).all()
    assert X[0].sum() > 0.7


def test_failures_that_told_nothing_do_not_lead_the_search_for_what_is_feasible() -> None:
    """In 22 dimensions it stays in a box.

    Crashes say nothing of the constraint, and are nobody's neighbourhood.
    """
    space = Space({f"x{i}": Float(0, 1) for i in range(22)})
    history, rng = History(space, ["minimize"], 0), np.random.default_rng(0)
    for i, p in enumerate(space.decode(space.sample(rng, 30))):
        crashed = p["x0"] < 0.3
        far = sum((v - 0.7) ** 2 for v in p.values()) - 0.05
        history.put(
            [row(i, p, None if crashed else (1.0,), constraints={} if crashed else {"far": far})]
        )
    sampler, crashes = GP(), 0
    for i in range(30, 45):
        [p] = space.decode(sampler.sample(space, history, 1, np.random.default_rng(i)))
        crashes += p["x0"] < 0.3
        far = sum((v - 0.7) ** 2 for v in p.values()) - 0.05
        crashed = p["x0"] < 0.3
        history.put(
            [row(i, p, None if crashed else (1.0,), constraints={} if crashed else {"far": far})]
        )
    assert crashes < 5  # all of them where crashes lead


@pytest.mark.parametrize("penalty", [1e6, 1e300, 1.79e308])
def test_one_huge_value_of_a_constraint_hides_nothing(penalty: float) -> None:
    def limited(p: dict) -> dict[str, float]:
        return {"c": penalty if p["x"] > 0.9 else p["x"] - 0.4}

    history = told(SQUARE, 30, lambda p: (-p["x"],), limited)
    kept, broken = probability_of_feasibility(SQUARE, history, np.array([[0.1, 0.5], [0.7, 0.5]]))
    assert kept > 0.95
    assert broken < 0.1


def test_the_order_of_constraints_is_not_that_of_telling() -> None:
    """A process that saw trials end in another order proposes the same."""
    X = SQUARE.decode(SQUARE.sample(np.random.default_rng(0), 20))
    seen = []
    for order in (range(20), reversed(range(20))):
        history = History(SQUARE, ["minimize"], 0)
        history.put([TrialRow(number=i, state=State.RUNNING, params=p) for i, p in enumerate(X)])
        for i in order:
            limits_told = (
                {"b": X[i]["y"] - 0.5} if i == 0 else {"a": X[i]["x"] - 0.5, "c": 0.1 - X[i]["y"]}
            )
            history.put([row(i, X[i], (X[i]["x"],), constraints=limits_told)])
        assert history.constraint_names == ("a", "b", "c")
        seen.append(GP().sample(SQUARE, history, 1, np.random.default_rng(1)))
    np.testing.assert_array_equal(*seen)


def test_constraints_of_which_only_later_trials_told_are_not_there_before() -> None:
    history = told(SQUARE, 20, lambda p: (p["x"],))
    history.put([row(20, {"x": 0.5, "y": 0.5}, (0.5,), constraints={"late": 1.0})])
    assert history.before(10, 0).constraint_names == ()
    assert history.constraint_names == ("late",)


def test_a_local_model_is_spread_over_a_front_that_is_larger_than_it() -> None:
    history = told(Space({"x": Float(0, 1), "y": Float(0, 1)}), 90, lambda p: (p["x"], -p["x"]))
    number, losses, good = collect_objectives(history)
    near = select_nearest(InputEncoder(SQUARE).encode(history.X[number]), losses, good, 30)
    assert near[near < 75].max() > 60
    assert np.ptp(losses[near, 0]) > 0.8


def test_few_trials_beyond_a_small_local_model() -> None:
    for m in (1, 2):
        history = told(SQUARE, 23, lambda p, m=m: (p["x"],) * m)
        assert GP(n_local=20).sample(SQUARE, history, 1, np.random.default_rng(0)).shape == (1, 2)


def test_a_stopped_trial_that_told_nothing_is_not_taken_for_feasible() -> None:
    """Half of the trials stop early, before they can tell.

    All that look best break the constraint.
    """
    history = History(SQUARE, ["minimize"], 0)
    for i, p in enumerate(SQUARE.decode(SQUARE.sample(np.random.default_rng(0), 24))):
        stopped = i % 2 == 1
        limits_told = {} if stopped else {"c": p["x"] - 0.3}
        state = State.PRUNED if stopped else State.COMPLETE
        values = None if stopped else (-p["x"],)
        history.put(
            [TrialRow(number=i, state=state, params=p, values=values, constraints=limits_told)]
        )
        for step in range(1, 3 if stopped else 10):
            history.put_report(i, float(step), -p["x"] + 1 / step)
    X = np.concatenate(
        [GP().sample(SQUARE, history, 1, np.random.default_rng(s)) for s in range(3)]
    )
    assert (X[:, 0] < 0.5).all()
    assert X[:, 0].mean() > 0.1
