"""Reproducible: the same seed gives the same study, also with several processes, at any speed."""

import random
import time

import luthier


def objective(trial: luthier.Trial) -> float:
    """Take a random time, so that trials end in another order each time."""
    x = trial.suggest_float("x", -5, 5)
    y = trial.suggest_float("y", -5, 5)
    for step in range(1, 4):
        time.sleep(random.SystemRandom().uniform(0, 0.02))
        trial.report(x**2 + y**2 + 1 / step, step)
        if trial.should_stop():
            raise luthier.TrialPruned
    noise = trial.rng.normal(0, 0.1)  # of the trial's own generator, so repeatable as well
    return x**2 + y**2 + noise


def run() -> list[tuple[object, ...]]:
    """Run a whole study; return params and results of its trials."""
    study = luthier.create_study(scheduler="median", seed=7)
    study.optimize(objective, n_trials=24, n_jobs=2, reproducible=True)
    return [(row.number, row.state.name, row.params, row.value) for row in study.trials]


first = run()
second = run()
assert first == second
n_stopped = sum(row[1] == "PRUNED" for row in first)
print(f"{len(first)} trials, {n_stopped} of them stopped early: the same in both studies")
