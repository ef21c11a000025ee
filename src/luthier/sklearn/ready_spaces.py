"""Ready-made spaces of common estimators, by the names of their classes.

Ranges are those in which published searches and the libraries' own guides look; a default is the
estimator's where it lies within. Libraries are not imported: their classes are known by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ..errors import EstimatorError, find_closest
from ..space.distributions import Categorical, Distribution, Float, Int

Ready = Mapping[str, Distribution]


def _log(low: float, high: float) -> Float:
    return Float(low, high, scale="log")


def _whole(low: int, high: int) -> Int:
    return Int(low, high, scale="log")


_FOREST: Ready = {
    "max_features": Float(0.05, 1.0),
    "min_samples_leaf": _whole(1, 20),
    "min_samples_split": _whole(2, 20),
    "max_samples": Float(0.5, 1.0),
}
_EXTRA_TREES: Ready = {k: v for k, v in _FOREST.items() if k != "max_samples"}
_TREE: Ready = {
    "max_depth": _whole(1, 30),
    "min_samples_leaf": _whole(1, 50),
    "ccp_alpha": _log(1e-6, 0.1),
}
_HIST_BOOSTING: Ready = {
    "learning_rate": _log(0.01, 0.5),
    "max_iter": _whole(30, 500),
    "max_leaf_nodes": _whole(4, 128),
    "min_samples_leaf": _whole(2, 100),
    "l2_regularization": _log(1e-8, 10),
    "max_features": Float(0.3, 1.0),
}
_BOOSTING: Ready = {
    "learning_rate": _log(0.01, 0.5),
    "n_estimators": _whole(30, 500),
    "max_depth": Int(1, 8),
    "min_samples_leaf": _whole(1, 50),
    "subsample": Float(0.5, 1.0),
}
_NEIGHBOURS: Ready = {
    "n_neighbors": _whole(1, 50),
    "weights": Categorical(("uniform", "distance")),
    "p": Categorical((1, 2)),
}
_NETWORK: Ready = {
    "hidden_layer_sizes": Categorical(((50,), (100,), (200,), (50, 50), (100, 100))),
    "alpha": _log(1e-7, 10),
    "learning_rate_init": _log(1e-4, 0.1),
    "activation": Categorical(("relu", "tanh")),
}
_STOCHASTIC_GRADIENT: Ready = {
    "alpha": _log(1e-7, 0.1),
    "penalty": Categorical(("l2", "l1", "elasticnet")),
    "average": Categorical((False, True)),
}
_LIGHTGBM: Ready = {
    "learning_rate": _log(0.01, 0.3),
    "n_estimators": _whole(30, 1000),
    "num_leaves": _whole(2, 256),
    "min_child_samples": _whole(2, 100),
    "colsample_bytree": Float(0.4, 1.0),
    "reg_alpha": _log(1e-8, 10),
    "reg_lambda": _log(1e-8, 10),
}
_XGBOOST: Ready = {
    "learning_rate": _log(0.01, 0.5),
    "n_estimators": _whole(30, 1000),
    "max_depth": Int(1, 12),
    "min_child_weight": _log(0.1, 100),
    "subsample": Float(0.5, 1.0),
    "colsample_bytree": Float(0.4, 1.0),
    "reg_alpha": _log(1e-8, 10),
    "reg_lambda": _log(1e-3, 100),
}
_CATBOOST: Ready = {
    "learning_rate": _log(0.01, 0.3),
    "iterations": _whole(30, 1000),
    "depth": Int(3, 10),
    "l2_leaf_reg": _log(0.1, 30),
    "random_strength": _log(0.01, 10),
}

READY: Mapping[str, Ready] = {
    "AdaBoostClassifier": {"learning_rate": _log(0.01, 2), "n_estimators": _whole(20, 500)},
    "AdaBoostRegressor": {"learning_rate": _log(0.01, 2), "n_estimators": _whole(20, 500)},
    "CatBoostClassifier": _CATBOOST,
    "CatBoostRegressor": _CATBOOST,
    "DecisionTreeClassifier": _TREE,
    "DecisionTreeRegressor": _TREE,
    "ElasticNet": {"alpha": _log(1e-5, 100), "l1_ratio": Float(0.01, 1.0)},
    "ExtraTreesClassifier": _EXTRA_TREES,
    "ExtraTreesRegressor": _EXTRA_TREES,
    "GaussianNB": {"var_smoothing": _log(1e-12, 1)},
    "GradientBoostingClassifier": _BOOSTING,
    "GradientBoostingRegressor": _BOOSTING,
    "HistGradientBoostingClassifier": _HIST_BOOSTING,
    "HistGradientBoostingRegressor": _HIST_BOOSTING,
    "KNeighborsClassifier": _NEIGHBOURS,
    "KNeighborsRegressor": _NEIGHBOURS,
    "LGBMClassifier": _LIGHTGBM,
    "LGBMRegressor": _LIGHTGBM,
    "Lasso": {"alpha": _log(1e-5, 100)},
    "LinearSVC": {"C": _log(1e-4, 1e3)},
    "LinearSVR": {"C": _log(1e-4, 1e3), "epsilon": _log(1e-4, 1)},
    "LogisticRegression": {"C": _log(1e-4, 1e4)},
    "MLPClassifier": _NETWORK,
    "MLPRegressor": _NETWORK,
    "RandomForestClassifier": _FOREST,
    "RandomForestRegressor": _FOREST,
    "Ridge": {"alpha": _log(1e-4, 1e4)},
    "RidgeClassifier": {"alpha": _log(1e-4, 1e4)},
    "SGDClassifier": _STOCHASTIC_GRADIENT,
    "SGDRegressor": _STOCHASTIC_GRADIENT,
    "SVC": {"C": _log(1e-2, 1e3), "gamma": _log(1e-5, 10)},
    "SVR": {"C": _log(1e-2, 1e3), "gamma": _log(1e-5, 10), "epsilon": _log(1e-4, 1)},
    "XGBClassifier": _XGBOOST,
    "XGBRegressor": _XGBOOST,
}


def ready_space(estimator: Any) -> dict[str, Distribution]:
    """Return the ready-made space of an estimator, or of the last step of a pipeline.

    Where the estimator's own value of a parameter lies in its range, the search begins there.

    Args:
        estimator: The estimator; the class, or one that it derives from, is known by name.

    Raises:
        EstimatorError: There is no space for it.
    """
    if isinstance(estimator, type):
        raise EstimatorError(
            f"expected an estimator, got the class {estimator.__name__}; pass "
            f"{estimator.__name__}()"
        )
    name, last = "", estimator
    while hasattr(last, "steps"):
        step, last = last.steps[-1]
        name += f"{step}__"
    found = next((READY[c.__name__] for c in type(last).__mro__ if c.__name__ in READY), None)
    if found is None:
        near = find_closest(type(last).__name__, READY)
        hint = "" if near is None else f" (there is one for {near})"
        raise EstimatorError(
            f"there is no ready-made space for {type(last).__name__}{hint}; pass one: "
            "tune(estimator, X, y, space={'name': luthier.Float(low, high)}). There are spaces for "
            f"{', '.join(READY)}"
        )
    own = last.get_params(deep=False)
    return {name + key: _begin_at(dist, own.get(key)) for key, dist in found.items()}


def _begin_at(dist: Distribution, value: Any) -> Distribution:
    return dist if value is None or dist.find(value) is None else replace(dist, default=value)
