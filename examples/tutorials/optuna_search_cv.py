"""Optuna's search of scikit-learn's kind tunes a support vector machine.

The calls are Optuna's; only the import lines name luthier. Needs scikit-learn.
"""

from sklearn.datasets import load_iris
from sklearn.svm import SVC

import luthier.compat.optuna as optuna
from luthier.compat.optuna.distributions import FloatDistribution
from luthier.compat.optuna.integration import OptunaSearchCV

optuna.logging.set_verbosity(optuna.logging.WARNING)

X, y = load_iris(return_X_y=True)
search = OptunaSearchCV(
    SVC(gamma="auto"),
    {"C": FloatDistribution(1e-3, 1e3, log=True)},
    cv=3,
    n_trials=15,
    random_state=0,
)
search.fit(X, y)
print("C =", round(search.best_params_["C"], 3), "score", round(search.best_score_, 3))
assert search.best_score_ > 0.95
