"""Reproducible: the same seed gives the same study, with several processes too, whatever the timing."""

import random
import time

import luthier


def objective(trial: luthier.Trial) -> float:
    """Takes a random time, so that trials end in another order each time."""
    x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5)
    for step in range(1, 4):
        time.sleep(random.SystemRandom().uniform(0, 0.02))
        trial.report(x**2 + y**2 + 1 / step, step)
        if trial.should_prune():
            raise luthier.TrialPruned
    return (
        x**2 + y**2 + trial.rng.normal(0, 0.1)
    )  # noise from the trial's own generator is repeatable as well


def run() -> list[tuple[object, ...]]:
    """A whole study: what each trial tried, and what came of it."""
    study = luthier.create_study(scheduler="median", seed=7)
    study.optimize(objective, n_trials=24, n_jobs=2, reproducible=True)
    return [(row.number, row.state.name, row.params, row.value) for row in study.trials]


first, second = run(), run()
assert first == second
print(
    f"{len(first)} trials, {sum(row[1] == 'PRUNED' for row in first)} of them stopped early: twice "
    "the same"
)
