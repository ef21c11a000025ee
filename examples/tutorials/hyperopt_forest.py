"""Hyperopt tunes a random forest: fmin, a nested space, and a loss with its status.

The calls are Hyperopt's; only the import lines name luthier. Needs scikit-learn.
"""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from luthier.compat.hyperopt import STATUS_OK, Trials, fmin, hp, space_eval, tpe
from luthier.compat.hyperopt.early_stop import no_progress_loss

X, y = load_wine(return_X_y=True)

space = {
    "n_estimators": hp.quniform("n_estimators", 5, 40, 5),
    "max_depth": hp.quniform("max_depth", 2, 10, 1),
    "criterion": hp.choice("criterion", ["gini", "entropy"]),
    "max_features": hp.uniform("max_features", 0.2, 1.0),
}


def objective(params):
    forest = RandomForestClassifier(
        n_estimators=int(params["n_estimators"]),
        max_depth=int(params["max_depth"]),
        criterion=params["criterion"],
        max_features=params["max_features"],
        random_state=0,
    )
    accuracy = cross_val_score(forest, X, y, cv=3).mean()
    return {"loss": -accuracy, "status": STATUS_OK}


trials = Trials()
best = fmin(
    fn=objective,
    space=space,
    algo=tpe.suggest,
    max_evals=12,
    trials=trials,
    rstate=np.random.default_rng(0),
    early_stop_fn=no_progress_loss(10),
)
print("label to value:", best)
print("as the objective gets it:", space_eval(space, best))
print(f"accuracy: {-min(trials.losses()):.3f} after {len(trials)} trials")
