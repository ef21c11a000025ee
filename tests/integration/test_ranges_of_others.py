"""Ranges that depend on other parameters: models learn where they reach, and search there."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import Float, Int


def bounded_by_another(trial):
    n = trial.suggest_int("n", 1, 20)
    k = trial.suggest_int("k", 0, 10 * n)
    return ((n - 13) / 20) ** 2 + ((k - 97) / 100) ** 2


def what_is_left(trial):
    a = trial.suggest_float("a", 0, 1)
    b = trial.suggest_float("b", 0, 1 - a)
    return (a - 0.3) ** 2 + (b - 0.6) ** 2


def step_of_another(trial):
    n = trial.suggest_int("n", 1, 6)
    k = trial.suggest_int("k", 0, 60, step=n)
    return ((n - 3) / 6) ** 2 + ((k - 36) / 60) ** 2


def of_a_choice(trial):
    high = 1e-1 if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd" else 1e-3
    lr = trial.suggest_float("lr", 1e-5, high, log=True)
    return (np.log10(lr) + 1.5) ** 2


# As wide as the ranges ever are.
DECLARED = {
    bounded_by_another: {"n": Int(1, 20), "k": Int(0, 200)},
    what_is_left: {"a": Float(0, 1), "b": Float(0, 1)},
    of_a_choice: {"optimizer": ["sgd", "adam"], "lr": Float(1e-5, 1e-1, log=True)},
}
OBJECTIVES = [bounded_by_another, what_is_left, step_of_another, of_a_choice]


def count_lost(study, begin, end):
    """Trials that have another value than was proposed to them."""
    rows = study.trials[begin:end]
    return sum(any(r.params.get(n) != v for n, v in r.proposal.items()) for r in rows)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("sampler", ["tpe", "auto", "forest", "random", "cmaes", "evolution"])
def test_no_trial_leaves_its_range_and_few_proposals_are_lost(objective, sampler) -> None:
    study = luthier.create_study(sampler=sampler, seed=1)
    study.optimize(objective, n_trials=40, progress=False)
    assert study.history.fits.all()
    if objective is not step_of_another:  # there most proposals are rounded to a step
        assert count_lost(study, 20, 40) <= 12


@pytest.mark.parametrize("objective", DECLARED)
@pytest.mark.parametrize("sampler", ["tpe", "auto", "random"])
def test_few_proposals_are_lost_in_a_declared_space(objective, sampler) -> None:
    """It stores what was proposed outside of a range that its objective asked for, too."""
    study = luthier.create_study(sampler=sampler, seed=1, space=DECLARED[objective])
    study.optimize(objective, n_trials=40, progress=False)
    assert study.history.fits.all()
    assert count_lost(study, 0, 40) > 0
    assert count_lost(study, 20, 40) <= 12


def test_params_of_a_declared_space_that_are_read_are_no_unused_proposals() -> None:
    study = luthier.create_study(seed=0, space={"x": Float(0, 1), "y": Float(0, 1)})
    study.optimize(lambda t: t.params["x"], n_trials=3, progress=False)
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3, progress=False)
    assert [row.proposal for row in study.trials] == [{}] * 6


def median_best(objective, sampler, n_trials, space=None):
    best = []
    for seed in range(4):
        study = luthier.create_study(sampler=sampler, seed=seed, space=space)
        study.optimize(objective, n_trials=n_trials, progress=False)
        best.append(study.best_value)
    return np.median(best)


@pytest.mark.slow
@pytest.mark.parametrize("is_declared", [False, True])
@pytest.mark.parametrize("objective", OBJECTIVES[:2])
def test_models_search_where_the_ranges_reach(objective, is_declared) -> None:
    space = DECLARED[objective] if is_declared else None
    by_chance = median_best(objective, "random", 80, space)
    assert median_best(objective, "tpe", 80, space) < 0.4 * by_chance
    assert median_best(objective, "auto", 30, space) < 0.2 * by_chance


def test_a_proposal_between_two_steps_has_the_nearest_value() -> None:
    study = luthier.create_study(seed=0, sampler="random")
    study.optimize(step_of_another, n_trials=40, progress=False)
    moved = [t for t in study.trials if t.proposal and t.proposal["n"] == t.params["n"]]
    assert moved
    assert all(abs(t.params["k"] - t.proposal["k"]) <= t.params["n"] / 2 for t in moved)
