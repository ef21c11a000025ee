"""Gradient boosting by rounds.

Hyperband gives each model 10 rounds first, and the best of them three times more, again and again.
A model that paused is trained further from a checkpoint (`warm_start`). A checkpoint that is not a
dict of arrays, such as these trees, is a file of your own: luthier copies it. Needs scikit-learn.
"""

import tempfile
from pathlib import Path

import joblib
from sklearn.datasets import make_friedman1
from sklearn.ensemble import GradientBoostingRegressor

import luthier

STEP = 10
MAX_ROUNDS = 270
N_TRIALS = 49  # one pass of Hyperband through its four brackets
X, y = make_friedman1(n_samples=2000, noise=1.0, random_state=0)
train = slice(0, 300)
valid = slice(300, 600)
test = slice(600, None)


def error(model: GradientBoostingRegressor, part: slice) -> float:
    """The mean squared error on a part of the data; the noise alone is 1."""
    return float(((model.predict(X[part]) - y[part]) ** 2).mean())


def objective(trial: luthier.Trial) -> float:
    """Train a model, and report its error on the validation part every 10 rounds."""
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
        for rounds in range(trial.step + STEP, MAX_ROUNDS + STEP, STEP):
            model.set_params(n_estimators=rounds).fit(X[train], y[train])
            value = error(model, valid)
            joblib.dump(model, file)
            trial.report(value, rounds, checkpoint=file)
            if trial.should_stop():
                raise luthier.TrialPruned
    return value


study = luthier.create_study(
    scheduler=luthier.schedulers.Hyperband(min_resource=STEP, max_resource=MAX_ROUNDS), seed=0
)
study.optimize(objective, n_trials=N_TRIALS)

rounds = [int(row.reports[-1][0]) for row in study.trials]
print(study)
for n in sorted(set(rounds)):
    print(f"{rounds.count(n):3d} models had {n} rounds")
print(f"{sum(rounds)} rounds instead of {N_TRIALS * MAX_ROUNDS}")
model = joblib.load(study.load_checkpoint(study.best_trial))
print(f"best: {study.best_params}")
print(
    f"squared error {study.best_value:.2f} in validation, {error(model, test):.2f} on held-out data"
)
