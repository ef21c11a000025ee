"""Optuna tunes LightGBM, and prunes by its callback.

The calls are Optuna's; only the import lines name luthier. Needs LightGBM and scikit-learn.
"""

import lightgbm as lgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import luthier.compat.optuna as optuna
from luthier.compat.optuna.integration import LightGBMPruningCallback

optuna.logging.set_verbosity(optuna.logging.WARNING)

X, y = load_breast_cancer(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)
train = lgb.Dataset(X_train, y_train)
valid = lgb.Dataset(X_valid, y_valid, reference=train)


def objective(trial):
    params = {
        "objective": "binary",
        "metric": "auc",
        "verbosity": -1,
        "num_threads": 1,
        "learning_rate": trial.suggest_float("learning_rate", 1e-2, 0.5, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 2, 32),
    }
    pruning = LightGBMPruningCallback(trial, "auc")
    model = lgb.train(params, train, 30, valid_sets=[valid], callbacks=[pruning])
    return model.best_score["valid_0"]["auc"]


study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
)
study.optimize(objective, n_trials=10)
print("auc", round(study.best_value, 3), "with", study.best_params)
assert study.best_value > 0.97
