"""Runs in which a sampler cannot learn say so once, whatever the sampler is."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import luthier
from luthier import Float, Space
from luthier.samplers import QMC, Random, Sampler

SAMPLERS = ["tpe", "gp", "forest"]


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.WARNING, "luthier")
    return lambda: [r.getMessage() for r in caplog.records]


def moving_range(trial):
    low = float(np.random.default_rng(trial.number).random())
    x = trial.suggest_float("x", low, low + 0.05)
    return (x - 0.5) ** 2 + trial.suggest_float("y", 0, 1)


def moving_choices(trial):
    first = trial.number % 7
    c = trial.suggest_categorical("c", [f"choice {first}", f"choice {first + 1}"])
    return len(c) + trial.suggest_float("y", 0, 1)


def new_names(trial):
    return trial.suggest_float(f"p{trial.number}", 0, 1) + trial.suggest_float("y", 0, 1)


def constant(trial):
    return 0.5 + 0 * trial.suggest_float("x", 0, 1)


def failing(trial):
    if trial.suggest_float("x", 0, 1) < 2:
        raise ValueError("never")
    return 0.0


def healthy(trial):
    kind = trial.suggest_categorical("kind", ["a", "b"])
    x = trial.suggest_float("x" if kind == "a" else "z", 0, 1)
    return (x - 0.3) ** 2 + (kind == "b")


def bounded_by_another(trial):
    a = trial.suggest_float("a", 0, 1)
    return (a - 0.3) ** 2 + (trial.suggest_float("b", 0, 1 - a) - 0.6) ** 2


SICK = [
    (moving_range, "'x' had a random value in"),
    (moving_choices, "'c' had a random value in"),
    (new_names, "asked for names that were not proposed"),
    (constant, "results are 0.5, so that no model"),
    (failing, "models can learn from 0 of"),
]


def run(objective, sampler, n_trials=40):
    study = luthier.create_study(sampler=sampler, seed=0)
    study.optimize(objective, n_trials=n_trials, progress=False, catch=(ValueError,))
    return study


@pytest.mark.parametrize(("objective", "message"), SICK)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_keeps_a_sampler_from_learning_is_said_once(objective, message, sampler, said) -> None:
    study = run(objective, sampler)
    assert sum(message in m for m in said()) == 1
    assert message in str(study.explain(39))
    assert message not in str(study.explain(10))


@pytest.mark.parametrize("objective", [healthy, bounded_by_another])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_that_learns_is_not_accused(objective, sampler, said) -> None:
    study = run(objective, sampler)
    assert said() == []
    assert study.explain(39).obstacles == ()
    assert "unused-models" not in {f.name for f in study.diagnose(quick=True)}


def test_results_that_nothing_explains_are_left_to_explain_and_diagnose(said) -> None:
    def noise(trial):
        return trial.suggest_float("x", 0, 1) * 0 + np.random.default_rng(trial.number).random()

    study = run(noise, "tpe", 60)
    assert said() == []
    assert study.explain(59).expectation is None
    assert "no-signal" in {f.name for f in study.diagnose()}


@pytest.mark.parametrize("sampler", [Random(), QMC()])
def test_samplers_that_do_not_learn_are_left_in_peace(sampler, said) -> None:
    run(constant, sampler)
    assert said() == []


def test_the_automatic_choice_explains_it_too() -> None:
    study = run(moving_choices, None, 41)
    assert "'c' had a random value in" in study.sampler.explain()
    assert "random" not in run(healthy, None, 41).sampler.explain()


class Heedless(Sampler):
    """Heeds no constraint."""

    def sample(self, space, history, n, rng):
        return rng.random((n, space.d))


def test_a_sampler_whose_points_are_replaced_is_named_once(said) -> None:
    n_said = 0
    for high in (1.6, 0.3, 1.6):
        space = Space({"x": Float(0, 1), "y": Float(0, 1)}, constraints=[f"x + y <= {high}"])
        study = luthier.create_study(space=space, sampler=Heedless(), seed=0)
        study.optimize(lambda t: t.params["x"], n_trials=40, progress=False)
        n_said += high == 0.3
        assert sum("Heedless() proposed violate a constraint" in m for m in said()) == n_said
        assert all(t.params["x"] + t.params["y"] <= high for t in study.trials)
