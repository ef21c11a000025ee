"""The Gaussian-process sampler.

How well it searches, what it costs in fits, and what it makes of odd data.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import luthier
import luthier.models.hyperparameters
from luthier import Categorical, Float, Int, Space, State, TrialRow
from luthier.history.history import History
from luthier.models.training_data import InputEncoder, collect_losses, transform_loss
from luthier.numerics import priors
from luthier.numerics.gp import Posterior
from luthier.samplers import GP
from luthier.samplers.gp import factor_of_doubt, first_side, reachable_box, select_nearest
from luthier.samplers.gp_acquisitions import Acquisition, LogCost, LogEI

MIXED = Space(
    {
        "x": Float(0, 1),
        "y": Float(1e-3, 1, scale="log"),
        "k": Int(1, 40),
        "c": ["a", "b", "c"],
        "z": Float(0, 1, when={"c": "a"}),
    }
)


def branin(p: dict[str, float]) -> float:
    """Minimum 0.397887; Dixon & Szegő 1978."""
    x, y = p["x"], p["y"]
    bowl = (y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def mixed(p: dict) -> float:
    """Minimum 0 at x = 0.3, y = 0.1, k = 17, c = "a", z = 0.8."""
    bent = (p["x"] - 0.3) ** 2 + (math.log10(p["y"]) + 1) ** 2 / 9 + ((p["k"] - 17) / 40) ** 2
    return bent + {"a": (p.get("z", 0.0) - 0.8) ** 2, "b": 0.1, "c": 0.3}[p["c"]]


def told(space: Space, n: int, f, seed: int = 0, cost=None) -> History:
    rng, history = np.random.default_rng(seed), History(space, ["minimize"], seed)
    for i, params in enumerate(space.decode(space.sample(rng, n))):
        spent = None if cost is None else cost(params)
        row = TrialRow(
            number=i,
            state=State.COMPLETE,
            params=params,
            values=(f(params),),
            finished_s=float(i),
            cost=spent,
        )
        history.put([row])
    return history


@pytest.mark.parametrize("seed", range(3))
def test_branin_in_forty_trials(seed: int) -> None:
    study = luthier.create_study(
        space={"x": Float(-5, 10), "y": Float(0, 15)}, sampler="gp", seed=seed
    )
    study.optimize(lambda t: branin(t.params), n_trials=40)
    assert study.best_value - 0.397887 < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_mixed_conditional_space_in_fifty_trials(seed: int) -> None:
    study = luthier.create_study(space=MIXED, sampler="gp", seed=seed)
    study.optimize(lambda t: mixed(t.params), n_trials=50)
    assert study.best_params["c"] == "a"
    assert study.best_value < 0.01


def test_the_slope_of_the_acquisition_is_its_derivative() -> None:
    """With doubt, a prior and a cost."""
    space = Space({"x": Float(0, 1, prior=(0.7, 0.2)), "c": ["a", "b"], "y": Float(0, 1)})
    history = told(space, 30, lambda p: (p["x"] - 0.3) ** 2 + p["y"] + (p["c"] == "a"))
    encoder = InputEncoder(space)
    number, loss = collect_losses(history)
    Z = encoder.encode(history.X[number])
    theta = np.array([1.0, 0.5, 0.0, 0.0, -6.0])
    gain = LogEI(Posterior.of(theta, Z, transform_loss(loss)), -1.0, doubt=1.7)
    made = Acquisition(
        space,
        encoder,
        gain,
        cost=LogCost(Posterior.of(theta, Z, Z.N[:, 1] - 0.5), 0.8),
        prior_exponent=0.4,
    )
    X = space.sample(np.random.default_rng(1), 6)
    f, by = made.slope(X)
    np.testing.assert_allclose(f, made.value(X))
    for j in (0, 2):
        step = np.zeros(3)
        step[j] = 1e-6
        np.testing.assert_allclose(
            by[:, j], (made.value(X + step) - made.value(X - step)) / 2e-6, rtol=1e-3, atol=1e-3
        )
    np.testing.assert_array_equal(by[:, 1], 0.0)


def test_a_slope_evaluates_each_prior_twice(monkeypatch) -> None:
    space = Space({f"x{j}": Float(0, 1, prior=(0.7, 0.2)) for j in range(6)})
    asked = []
    known = priors.log_density
    monkeypatch.setattr(priors, "log_density", lambda *a: asked.append(a) or known(*a))
    made = Acquisition(space, InputEncoder(space), None, prior_exponent=0.4)
    by = made.slope(space.sample(np.random.default_rng(1), 3))[1]
    assert len(asked) == 2 * 6
    assert by.shape == (3, 6)
    assert (by != 0).all()


def test_a_batch_spreads() -> None:
    history, space = told(MIXED, 20, mixed), MIXED
    X = GP().sample(space, history, 16, np.random.default_rng(0))
    assert len(set(space.keys(X))) == 16
    Z = InputEncoder(space).encode(X)
    apart = np.abs(Z.N[:, None] - Z.N).max(axis=2) + (Z.C[:, None] != Z.C).any(axis=2)
    apart[np.eye(16, dtype=bool)] = np.inf
    assert apart.min() > 1e-3
    assert np.median(apart.min(axis=1)) > 0.02


def test_running_trials_are_kept_clear_of() -> None:
    space = Space({"x": Float(0, 1)})
    history = told(space, 8, lambda p: (p["x"] - 0.4) ** 2)
    first = GP().sample(space, history, 1, np.random.default_rng(0))[0, 0]
    history.put([TrialRow(number=8, state=State.RUNNING, params={"x": float(first)})])
    second = GP().sample(space, history, 1, np.random.default_rng(0))[0, 0]
    assert abs(second - first) > 0.005


@pytest.mark.slow
def test_what_a_used_sampler_proposes_a_new_one_proposes_too() -> None:
    used, whole = GP(), told(MIXED, 130, mixed)
    history = told(MIXED, 0, mixed)
    rows = [
        TrialRow(number=i, state=State.COMPLETE, params=p, values=(float(v),), finished_s=float(i))
        for i, (p, v) in enumerate(zip(MIXED.decode(whole.X), whole.values[:, 0], strict=True))
    ]
    for row in rows:
        history.put([row])
        if row.number % 3 == 0 or row.number > 120:
            X = used.sample(MIXED, history, 2, np.random.default_rng(row.number))
            if row.number in (9, 30, 51, 99, 124, 129):
                np.testing.assert_array_equal(
                    GP().sample(MIXED, history, 2, np.random.default_rng(row.number)), X
                )


def test_a_trial_that_was_running_counts_with_its_noise_once_it_is_over() -> None:
    history, used = told(MIXED, 101, mixed), GP()  # hyperparameters are of the first 99
    params = MIXED.decode(MIXED.sample(np.random.default_rng(5), 1))[0]
    history.put([TrialRow(number=101, state=State.RUNNING, params=params)])
    used.sample(MIXED, history, 3, np.random.default_rng(0))
    history.put(
        [TrialRow(number=101, state=State.COMPLETE, params=params, values=(mixed(params),))]
    )
    X = used.sample(MIXED, history, 1, np.random.default_rng(1))
    np.testing.assert_array_equal(GP().sample(MIXED, history, 1, np.random.default_rng(1)), X)


def test_inactive_constants_and_single_choices_do_no_harm() -> None:
    idle = {f"i{i}": Int(3, 3, when={"k": "d"}) for i in range(8)}
    space = Space({"k": ["a", "b", "c", "d"], "x": Float(0, 1), **idle})
    history = told(space, 12, lambda p: p["x"])
    assert space.feasible(GP().sample(space, history, 4, np.random.default_rng(0))).all()
    study = luthier.create_study(space={"c": ["only"], "x": Int(0, 29)}, sampler="gp", seed=0)
    study.optimize(lambda t: (t.params["x"] - 11) ** 2, n_trials=30)
    assert len({t.params["x"] for t in study.trials}) == 30


@pytest.mark.slow
def test_fits_become_rare_as_trials_become_many(monkeypatch: pytest.MonkeyPatch) -> None:
    fits, fit = [], luthier.models.hyperparameters.fit
    monkeypatch.setattr(
        luthier.models.hyperparameters, "fit", lambda Z, *a: fits.append(Z.n) or fit(Z, *a)
    )
    space, sampler = Space({"x": Float(0, 1), "y": Float(0, 1)}), GP()
    whole = told(space, 160, lambda p: (p["x"] - 0.3) ** 2 + p["y"])
    history = History(space, ["minimize"])
    for i, p in enumerate(space.decode(whole.X)):
        history.put(
            [
                TrialRow(
                    number=i,
                    state=State.COMPLETE,
                    params=p,
                    values=(float(whole.values[i, 0]),),
                    finished_s=i,
                )
            ]
        )
        sampler.sample(space, history, 1, np.random.default_rng(i))
    per_trial = [sum(a <= n < a + 20 for n in fits) for a in (20, 60, 140)]
    assert 20 <= per_trial[0] <= 23
    assert per_trial[1] <= 12
    assert per_trial[2] <= 9


@pytest.mark.slow
def test_many_dimensions_are_searched_in_a_box() -> None:
    space = Space({f"x{i}": Float(0, 1) for i in range(30)})
    best = {}
    for name in ("gp", "random"):
        study = luthier.create_study(space=space, sampler=name, seed=0)
        study.optimize(lambda t: sum((v - 0.3) ** 2 for v in t.params.values()), n_trials=90)
        best[name] = study.best_value
    assert best["gp"] < 0.25 * best["random"]


def test_among_many_parameters_it_first_stays_near_the_best_trial() -> None:
    """Twenty parameters may all differ by 0.4 from the best; of a hundred, all by 0.08 only."""
    space = Space({f"x{i}": Float(0, 1) for i in range(100)})
    history = told(space, 12, lambda p: p["x3"] + p["x7"])
    best = history.X[np.argmin(history.losses[:, 0])]
    moves = [
        np.abs(GP().sample(space, history, 1, np.random.default_rng(i))[0] - best) for i in range(3)
    ]
    assert np.median(moves) <= 0.1
    assert [first_side(d) for d in (1, 20, 40, 100)] == pytest.approx([0.8, 0.8, 0.4, 0.16])


def test_however_small_the_box_whole_numbers_and_new_branches_can_change() -> None:
    space = Space(
        {
            "on": Categorical((False, True)),
            "k": Int(0, 3),
            "n": Int(0, 9_999),
            "x": Float(0, 1),
            "y": Float(0, 1, when={"on": True}),
        }
    )
    centre = np.array([0.0, 0.375, 0.5, 0.5, np.nan])
    low, high = reachable_box(space, centre, np.ones(5), 0.02)
    np.testing.assert_allclose(low[1:], [0.125, 0.49, 0.49, 0.0])
    np.testing.assert_allclose(high[1:], [0.625, 0.51, 0.51, 1.0])


def test_doubt_counts_twenty_parameters_at_most() -> None:
    assert factor_of_doubt(5, 10) == 3
    assert factor_of_doubt(20, 100) == factor_of_doubt(100, 100) == 1.8


def test_beyond_n_local_trials_it_learns_from_the_nearest() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    history = told(space, 210, lambda p: (p["x"] - 0.3) ** 2 + (p["y"] - 0.6) ** 2)
    number, loss = collect_losses(history)
    near = select_nearest(
        InputEncoder(space).encode(history.X[number]), loss[:, None], np.ones(210, dtype=bool), 60
    )
    assert len(near) == 60 + 10
    assert (np.diff(near) > 0).all()
    best = history.X[np.argmin(loss[:200])]
    far = np.setdiff1d(np.arange(200), near)
    reach = np.abs(history.X[near[:60]] - best).max()
    assert reach < np.linalg.norm(history.X[far] - best, axis=1).max()
    x = GP(n_local=60).sample(space, history, 1, np.random.default_rng(0))
    assert np.linalg.norm(x - [0.3, 0.6]) < 0.1


@pytest.mark.slow
def test_cost_is_weighed_and_forgotten_in_the_end() -> None:
    """Two basins, equally good; one costs a hundred times as much."""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})

    def loss(p: dict) -> float:
        return min((p["x"] - 0.2) ** 2, (p["x"] - 0.8) ** 2) + (p["y"] - 0.5) ** 2

    def spent(exponent: float, budget: int | None) -> float:
        total = 0.0
        for seed in range(8):
            history = told(space, 14, loss, seed, cost=lambda p: 100.0 if p["x"] > 0.5 else 1.0)
            history.update_info(budget=budget)
            X = GP(cost_exponent=exponent).sample(space, history, 1, np.random.default_rng(seed))
            total += 100.0 if X[0, 0] > 0.5 else 1.0
        return total

    assert spent(1.0, 1000) < 0.5 * spent(0.0, 1000)
    assert spent(1.0, 14) == spent(0.0, 14)


@pytest.mark.slow
def test_a_prior_steers_at_first() -> None:
    def gap(prior: tuple[float, float] | None) -> float:
        gaps = []
        for seed in range(4):
            space = {f"x{i}": Float(0, 1, prior=prior) for i in range(5)}
            study = luthier.create_study(space=space, sampler="gp", seed=seed)
            study.optimize(lambda t: sum((v - 0.85) ** 2 for v in t.params.values()), n_trials=14)
            gaps.append(study.best_value)
        return float(np.mean(gaps))

    assert gap((0.8, 0.1)) < 0.5 * gap(None)


@pytest.mark.parametrize("settings", [{"noise": 0.0}, {"noise": 0.05}, {"warp_inputs": True}])
def test_settings(settings: dict) -> None:
    study = luthier.create_study(space=MIXED, sampler=GP(**settings), seed=0)
    study.optimize(lambda t: mixed(t.params), n_trials=40)
    assert study.best_value < 0.05


def test_one_point_again_and_again_without_noise() -> None:
    """The covariance matrix is singular, whatever is believed of the noise."""
    space, history = Space({"x": Float(0, 1), "y": Float(0, 1)}), None
    history = History(space, ["minimize"])
    for i in range(60):
        params = {"x": 0.5, "y": 0.5} if i % 2 else {"x": 0.25, "y": 0.5}
        history.put(
            [TrialRow(number=i, state=State.COMPLETE, params=params, values=(float(i % 2),))]
        )
    X = GP(noise=0.0).sample(space, history, 3, np.random.default_rng(0))
    assert space.feasible(X).all()
    assert ((X >= 0) & (X <= 1)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_startup_trials": 0}, "n_startup_trials must be a whole number >= 1, got 0"),
        ({"noise": -1.0}, "noise must be a finite number >= 0, got -1.0"),
        ({"noise": math.nan}, "noise must be a finite number"),
        ({"n_local": 3}, "n_local must be a whole number >= 20, got 3"),
    ],
)
def test_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GP(**settings)


@pytest.mark.parametrize("optimum", [0.003, 0.03, 0.99])
@pytest.mark.parametrize("turned", [False, True])
def test_an_optimum_near_a_bound_is_found(optimum, turned):
    def objective(trial):
        x = trial.suggest_float("x", -10, 90)
        return (((90 - x) if turned else x + 10) / 100 - optimum) ** 2

    study = luthier.create_study(sampler="gp", seed=0)
    study.optimize(objective, n_trials=30)
    assert study.best_value < 1e-7
