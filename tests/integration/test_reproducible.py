"""A reproducible run of several jobs is the same study whatever the timing of its trials."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import luthier

SAMPLERS = ["Auto", "BOHB", "DE", "DEHB", "Evolution", "Forest", "GP", "TPE"]

Row = tuple[str, dict[str, object], float | None]


def run(sampler: str, is_slow: Callable[[int], bool]) -> list[Row]:
    """Run a study in which some trials are slow, and return its trials.

    One parameter is asked for after the reports, so that those that run know more or less of it.
    """

    def objective(trial: luthier.Trial) -> float:
        wait_s = 0.005 if is_slow(trial.number) else 0.0
        x = trial.suggest_float("x", -5, 5)
        for step in range(1, 4):
            time.sleep(wait_s)
            trial.report(x**2 + 1 / step, step)
            if trial.should_stop():
                raise luthier.TrialPruned
        time.sleep(wait_s)
        return x**2 + trial.suggest_float("y", -5, 5) ** 2

    study = luthier.create_study(sampler=sampler, scheduler="median", seed=7)
    with ThreadPoolExecutor(4) as pool:
        study.optimize(
            objective, n_trials=20, n_jobs=4, executor=pool, reproducible=True, progress=False
        )
    return [(row.state.name, row.params, row.value) for row in study.trials]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_trials_are_the_same_whichever_are_slow(sampler: str) -> None:
    odd = run(sampler, lambda number: number % 2 == 1)
    even = run(sampler, lambda number: number % 2 == 0)
    assert odd == even
