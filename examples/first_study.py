"""A first study: the degree of a polynomial and the smoothing that fit a noisy curve best.

An objective takes a trial, asks it for parameters, and returns the number to be minimised.
"""

import numpy as np

import luthier

rng = np.random.default_rng(0)
x = rng.uniform(-3, 3, 60)
x_new = rng.uniform(-3, 3, 200)
y, y_new = (np.sin(2 * t) + rng.normal(0, 0.2, t.size) for t in (x, x_new))


def objective(trial: luthier.Trial) -> float:
    """Fit a polynomial with a penalty on large coefficients; return its error on new points."""
    degree = trial.suggest_int("degree", 1, 20)
    penalty = trial.suggest_float("penalty", 1e-6, 1e3, log=True)
    A, A_new = (np.polynomial.chebyshev.chebvander(t / 3, degree) for t in (x, x_new))
    coefficients = np.linalg.solve(A.T @ A + penalty * np.eye(degree + 1), A.T @ y)
    return float(np.mean((A_new @ coefficients - y_new) ** 2))


study = luthier.create_study(direction="minimize", seed=0)
study.optimize(objective, n_trials=60)

print(study)
print("best params:", study.best_params)
print("best error:", round(study.best_value, 4), "in trial", study.best_trial.number)
