"""Gradient boosting by rounds.

Hyperband gives models 10 rounds to begin with, and the best of them three times more.

A model goes on where it paused (`warm_start`), from a checkpoint. What is no dict of arrays, such
as these trees, is written to a file of your own, whose path is the checkpoint: luthier keeps a
copy. Needs scikit-learn.
"""

import tempfile
from pathlib import Path

import joblib
from sklearn.datasets import make_friedman1
from sklearn.ensemble import GradientBoostingRegressor

import luthier

# 49 trials are one pass of Hyperband through its four brackets
STEP = 10
MOST = 270
N_TRIALS = 49
X, y = make_friedman1(n_samples=2000, noise=1.0, random_state=0)
X_valid = X[300:600]
X_test = X[600:]
X = X[:300]
y_valid = y[300:600]
y_test = y[600:]
y = y[:300]


def error(model: GradientBoostingRegressor, X: object, y: object) -> float:
    """The mean squared error; the noise alone is 1."""
    return float(((model.predict(X) - y) ** 2).mean())


def objective(trial: luthier.Trial) -> float:
    """The error on the validation part, reported every 10 rounds."""
    params = {
        "learning_rate": trial.suggest_float("learning_rate", 0.005, 0.5, log=True),
        "max_depth": trial.suggest_int("max_depth", 1, 4),
        "subsample": trial.suggest_float("subsample", 0.3, 1.0),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 50, log=True),
    }
    if trial.checkpoint is None:
        model = GradientBoostingRegressor(**params, warm_start=True, random_state=trial.number)
    else:
        model = joblib.load(trial.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.joblib"
        for rounds in range(trial.step + STEP, MOST + STEP, STEP):
            model.set_params(n_estimators=rounds).fit(X, y)
            value = error(model, X_valid, y_valid)
            joblib.dump(model, file)
            trial.report(value, rounds, checkpoint=file)
            if trial.should_prune():
                raise luthier.TrialPruned
    return value


study = luthier.create_study(
    scheduler=luthier.schedulers.Hyperband(min_resource=STEP, max_resource=MOST), seed=0
)
study.optimize(objective, n_trials=N_TRIALS)

rounds = [int(row.reports[-1][0]) for row in study.trials]
print(study)
for most in sorted(set(rounds)):
    print(f"{rounds.count(most):3d} models had {most} rounds")
print(f"{sum(rounds)} rounds instead of {N_TRIALS * MOST}")
model = joblib.load(study.load_checkpoint(study.best_trial))
print(f"best: {study.best_params}")
print(
    f"squared error {study.best_value:.2f} in validation, {error(model, X_test, y_test):.2f} on "
    "held-out data"
)
