"""Optuna tunes XGBoost with params that depend on others, and prunes by its callback.

The calls are Optuna's; only the import lines name luthier. Needs XGBoost and scikit-learn.
"""

import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

import luthier.compat.optuna as optuna
from luthier.compat.optuna.integration import XGBoostPruningCallback

optuna.logging.set_verbosity(optuna.logging.WARNING)

X, y = load_breast_cancer(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.25, random_state=0)
train, valid = xgb.DMatrix(X_train, label=y_train), xgb.DMatrix(X_valid, label=y_valid)


def objective(trial):
    param = {
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "nthread": 1,
        "booster": trial.suggest_categorical("booster", ["gbtree", "gblinear"]),
        "lambda": trial.suggest_float("lambda", 1e-8, 1.0, log=True),
    }
    if param["booster"] == "gbtree":
        param["max_depth"] = trial.suggest_int("max_depth", 1, 6)
        param["eta"] = trial.suggest_float("eta", 1e-2, 1.0, log=True)
    callback = XGBoostPruningCallback(trial, "validation-auc")
    booster = xgb.train(
        param,
        train,
        num_boost_round=15,
        evals=[(valid, "validation")],
        verbose_eval=False,
        callbacks=[callback],
    )
    return accuracy_score(y_valid, booster.predict(valid) > 0.5)


study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=2),
    pruner=optuna.pruners.MedianPruner(n_warmup_steps=5),
)
study.optimize(objective, n_trials=8)
print("Number of finished trials:", len(study.trials))
print("best", round(study.best_trial.value, 3), study.best_trial.params)
assert study.best_value > 0.9
