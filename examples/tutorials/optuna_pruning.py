"""Optuna prunes a classifier that learns in passes: report and should_prune.

The calls are Optuna's; only the import line names luthier. Needs scikit-learn.
"""

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

import luthier.compat.optuna as optuna
from luthier.compat.optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.WARNING)

X, y = load_digits(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X / 16, y, random_state=0)
classes = list(range(10))


def objective(trial):
    alpha = trial.suggest_float("alpha", 1e-6, 1e-1, log=True)
    model = SGDClassifier(alpha=alpha, random_state=0)
    for step in range(12):
        model.partial_fit(X_train, y_train, classes=classes)
        trial.report(1 - model.score(X_valid, y_valid), step)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return 1 - model.score(X_valid, y_valid)


study = optuna.create_study(
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2),
)
study.optimize(objective, n_trials=15)
pruned = study.get_trials(deepcopy=False, states=[TrialState.PRUNED])
print(f"{len(pruned)} of {len(study.trials)} trials were pruned; error {study.best_value:.3f}")
assert study.best_value < 0.1
