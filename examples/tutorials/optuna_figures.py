"""Optuna's figures of a study, drawn with Matplotlib, and a study's own notes.

The calls are Optuna's; only the import lines name luthier. Needs Matplotlib.
"""

import os
import tempfile
import warnings

import matplotlib

matplotlib.use("Agg")

import luthier.compat.optuna as optuna
from luthier.compat.optuna.visualization import matplotlib as figures

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def objective(trial):
    x = trial.suggest_float("x", -5, 5)
    y = trial.suggest_float("y", -5, 5)
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


study = optuna.create_study(study_name="himmelblau", sampler=optuna.samplers.CmaEsSampler(seed=3))
study.set_user_attr("source", "Himmelblau 1972")
study.optimize(objective, n_trials=40)

with tempfile.TemporaryDirectory() as folder:
    for plot in (
        figures.plot_optimization_history,
        figures.plot_slice,
        figures.plot_contour,
        figures.plot_param_importances,
    ):
        axes = plot(study)
        first = axes if hasattr(axes, "figure") else axes.flat[0]
        first.figure.savefig(os.path.join(folder, f"{plot.__name__}.png"))
    print("drawn:", *sorted(os.listdir(folder)))

print(study.study_name, study.user_attrs, "best", round(study.best_value, 3))
assert study.best_value < 20
