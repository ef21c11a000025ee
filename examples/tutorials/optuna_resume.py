"""Optuna's study in a database goes on in another process, with all that it knows.

The calls are Optuna's; only the import line names luthier.
"""

import tempfile
from pathlib import Path

import luthier.compat.optuna as optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)


def objective(trial):
    x = trial.suggest_float("x", 1e-4, 1, log=True)
    return abs(x - 0.01)


with tempfile.TemporaryDirectory() as folder:
    url = f"sqlite:///{Path(folder) / 'example.db'}"
    study = optuna.create_study(study_name="resumed", storage=url)
    study.set_user_attr("by", "the first run")
    study.optimize(objective, n_trials=10)

    again = optuna.create_study(study_name="resumed", storage=url, load_if_exists=True)
    again.optimize(objective, n_trials=20)
    print(len(again.trials), "trials; begun by", again.user_attrs["by"])
    assert len(again.trials) == 30
    assert again.best_value < 0.01
    again.storage.engine.dispose()
    study.storage.engine.dispose()
