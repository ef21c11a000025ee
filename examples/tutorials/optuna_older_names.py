"""Optuna's older names for parameters, a table of trials, and a random forest.

The calls are Optuna's of before 3.0; only the import line names luthier. Needs scikit-learn and
pandas.
"""

import warnings

from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

import luthier.compat.optuna as optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.simplefilter("ignore", FutureWarning)  # the older names are still there, and say so

X, y = load_wine(return_X_y=True)


def objective(trial):
    model = RandomForestClassifier(
        n_estimators=int(trial.suggest_discrete_uniform("n_estimators", 5, 25, 5)),
        max_features=trial.suggest_uniform("max_features", 0.1, 1.0),
        min_impurity_decrease=trial.suggest_loguniform("min_impurity_decrease", 1e-5, 1e-1),
        random_state=0,
    )
    trial.set_user_attr("n_params", len(model.get_params()))
    return cross_val_score(model, X, y, cv=3).mean()


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=6, callbacks=[lambda study, trial: None])

table = study.trials_dataframe(attrs=("number", "value", "params", "state"))
print(table.sort_values("value", ascending=False).head(3).to_string(index=False))
assert study.best_value > 0.9
assert {trial.params["n_estimators"] % 5 for trial in study.trials} == {0}
