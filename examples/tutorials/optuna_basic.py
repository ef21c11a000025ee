"""Optuna's first steps: an objective, the best params, a table, and what matters.

The calls are Optuna's; only the import line names luthier.
"""

import luthier.compat.optuna as optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    y = trial.suggest_int("y", 0, 8)
    shape = trial.suggest_categorical("shape", ["flat", "steep"])
    slope = 3 if shape == "steep" else 1
    return slope * (x - 2) ** 2 + abs(y - 3)


study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=7))
study.optimize(objective, n_trials=60)
print("best value", round(study.best_value, 2), "with", study.best_params)

importances = optuna.importance.get_param_importances(study)
print("what matters most:", next(iter(importances)))
assert study.best_value < 3
