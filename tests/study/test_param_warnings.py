"""A parameter that was renamed is said once; branches of a space are no news."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import luthier

Objective = Callable[[luthier.Trial], float]


def asks(*names: str, high: float = 1.0) -> Objective:
    return lambda trial: sum(trial.suggest_float(name, 0, high) for name in names)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.message for r in caplog.records if "renamed" in r.message]


@pytest.mark.parametrize("after", [asks("learning_rate"), asks("rates", high=2.0)])
@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_renamed_parameter_is_said_once(after, is_loaded, caplog, tmp_path) -> None:
    storage = str(tmp_path / "a.db")
    study = luthier.create_study("s", storage, seed=0, sampler="random")
    study.optimize(asks("rate"), n_trials=5, progress=False)
    if is_loaded:
        study = luthier.load_study("s", storage, sampler="random")
    study.optimize(after, n_trials=4, progress=False)
    [text] = said(caplog)
    assert "'rate', which all had" in text


def switches(trial: luthier.Trial) -> float:
    kind = trial.suggest_categorical("kind", ["a", "b"])
    return trial.suggest_float(f"{kind}_depth", 0, 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (asks("rate"), asks("rate", "momentum")),  # one more
        (asks("rate", "momentum"), asks("rate")),  # one less
        (asks("rate"), asks("depth", high=10)),  # another search altogether
    ],
)
def test_what_is_no_renaming_is_not_said(before, after, caplog) -> None:
    study = luthier.create_study(seed=0, sampler="random")
    study.optimize(before, n_trials=5, progress=False)
    study.optimize(after, n_trials=5, progress=False)
    assert not said(caplog)


def counts(trial: luthier.Trial) -> float:
    n = trial.suggest_int("n", 1, 3)
    return trial.suggest_float(f"units_{n}", 0, 1)


@pytest.mark.parametrize("objective", [switches, counts])
@pytest.mark.parametrize("seed", range(4))
def test_branches_that_come_late_are_not_said(objective, seed, caplog) -> None:
    study = luthier.create_study(seed=seed, sampler="random")
    for kind, n in (("a", 1), ("b", 2), ("a", 3)):
        for _ in range(4):
            study.enqueue({"kind": kind, "n": n})
    study.optimize(objective, n_trials=12, progress=False)
    assert not said(caplog)
