"""Optuna finds a front of two objectives under a constraint.

The calls are Optuna's; only the import line names luthier.
"""

import luthier.compat.optuna as optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial):
    width = trial.suggest_float("width", 0.1, 5)
    height = trial.suggest_float("height", 0.1, 5)
    weight = width * height
    bend = 10 / (width * height**2)
    trial.set_constraint("bend", bend - 8)  # at most 8
    return weight, bend


study = optuna.create_study(
    directions=["minimize", "minimize"],
    sampler=optuna.samplers.NSGAIISampler(population_size=16, seed=1),
)
study.optimize(objective, n_trials=80)
for trial in study.best_trials[:3]:
    print([round(value, 2) for value in trial.values], trial.params)
assert study.best_trials
assert all(trial.values[1] <= 8 for trial in study.best_trials)
