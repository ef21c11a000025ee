"""Ready-made spaces of estimators, by the names of their classes.

Libraries are not imported: their classes are known by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from msgspec.structs import replace

from ..errors import EstimatorError, find_closest
from ..space.distributions import Categorical, Distribution, Float, Int
from ..space.space import Space
from ..validation import show
from . import families
from .families import Params, log_float, log_int

Make = Callable[[int | None], Space]  # number of columns, where it is known -> the space


def _always(make: Callable[[], Space]) -> Make:
    return lambda n_features: make()


def _by_task(make: Callable[[families.Task, int | None], Space]) -> tuple[Make, Make]:
    return partial(make, "classification"), partial(make, "regression")


def _ranges(params: Params) -> Make:
    return lambda n_features: Space(params)


_svc, _svr = _by_task(families.svm)
_forest_of_classes, _forest_of_numbers = _by_task(families.random_forest)
_extra_trees_of_classes, _extra_trees_of_numbers = _by_task(families.extra_trees)

# Without a portfolio.
_ADA_BOOST: Params = {
    "learning_rate": log_float(0.01, 2, 1),
    "n_estimators": log_int(20, 500, 50),
}
_GRADIENT_BOOSTING: Params = {
    "learning_rate": log_float(0.01, 0.5, 0.1),
    "n_estimators": log_int(30, 500, 100),
    "max_depth": Int(1, 8, default=3),
    "min_samples_leaf": log_int(1, 50, 1),
    "subsample": Float(0.5, 1.0, default=1.0),
}
_STOCHASTIC_GRADIENT: Params = {
    "alpha": log_float(1e-7, 0.1, 1e-4),
    "penalty": Categorical(("l2", "l1", "elasticnet"), default="l2"),
    "average": Categorical((False, True), default=False),
}
_LINEAR_SVR: Params = {"C": log_float(1e-4, 1e3, 1), "epsilon": log_float(1e-4, 1, 1e-4)}
_RIDGE: Params = {"alpha": log_float(1e-4, 1e4, 1)}

READY: Mapping[str, Make] = {
    "AdaBoostClassifier": _ranges(_ADA_BOOST),
    "AdaBoostRegressor": _ranges(_ADA_BOOST),
    "CatBoostClassifier": _always(families.catboost),
    "CatBoostRegressor": _always(families.catboost),
    "DecisionTreeClassifier": _always(families.rpart),
    "DecisionTreeRegressor": _always(families.rpart),
    "ElasticNet": _always(families.elastic_net),
    "ExtraTreesClassifier": _extra_trees_of_classes,
    "ExtraTreesRegressor": _extra_trees_of_numbers,
    "GaussianNB": _ranges({"var_smoothing": log_float(1e-12, 1, 1e-9)}),
    "GradientBoostingClassifier": _ranges(_GRADIENT_BOOSTING),
    "GradientBoostingRegressor": _ranges(_GRADIENT_BOOSTING),
    "HistGradientBoostingClassifier": _always(families.hist_gradient_boosting),
    "HistGradientBoostingRegressor": _always(families.hist_gradient_boosting),
    "KNeighborsClassifier": _always(families.knn),
    "KNeighborsRegressor": _always(families.knn),
    "LGBMClassifier": _always(families.lightgbm),
    "LGBMRegressor": _always(families.lightgbm),
    "Lasso": _ranges({"alpha": log_float(1e-5, 100, 1)}),
    "LinearSVC": _ranges({"C": log_float(1e-4, 1e3, 1)}),
    "LinearSVR": _ranges(_LINEAR_SVR),
    "LogisticRegression": _always(families.logistic),
    "MLPClassifier": _always(families.mlp),
    "MLPRegressor": _always(families.mlp),
    "RandomForestClassifier": _forest_of_classes,
    "RandomForestRegressor": _forest_of_numbers,
    "Ridge": _ranges(_RIDGE),
    "RidgeClassifier": _ranges(_RIDGE),
    "SGDClassifier": _ranges(_STOCHASTIC_GRADIENT),
    "SGDRegressor": _ranges(_STOCHASTIC_GRADIENT),
    "SVC": _svc,
    "SVR": _svr,
    "XGBClassifier": _always(families.xgboost),
    "XGBRegressor": _always(families.xgboost),
}


def suggest(estimator: Any, X: Any = None) -> Space:
    """Return the ready-made space of an estimator, or of the last step of a pipeline.

    Names have the prefix of the step: `svc__C`. Where the estimator's own value of a parameter lies
    in its range, the search begins there; the portfolio, with the library's defaults, comes next.
    A linear kernel has no `gamma`.

    Args:
        estimator: An estimator of scikit-learn, LightGBM, XGBoost or CatBoost; the class, or one
            that it derives from, is known by name.
        X: (n, d) rows, of which the number of columns sets the default of `max_features` of a
            forest, and the range of `gamma` of a support vector machine; None takes 16 columns.

    Raises:
        EstimatorError: There is no space for it, or X is no table.
    """
    if isinstance(estimator, type):
        raise EstimatorError(
            f"expected an estimator, got the class {estimator.__name__}; pass "
            f"{estimator.__name__}()"
        )
    prefix, last = "", estimator
    while hasattr(last, "steps"):
        step, last = last.steps[-1]
        prefix += f"{step}__"
    found = next((READY[c.__name__] for c in type(last).__mro__ if c.__name__ in READY), None)
    if found is None:
        near = find_closest(type(last).__name__, READY)
        hint = "" if near is None else f" (there is one for {near})"
        raise EstimatorError(
            f"there is no ready-made space for {type(last).__name__}{hint}; pass one: "
            "space={'name': luthier.Float(low, high)}. There are spaces for "
            f"{', '.join(READY)}"
        )
    space = found(None if X is None else _count_columns(X))
    own = last.get_params(deep=False)
    if own.get("kernel") == "linear":  # which has no gamma
        space = space.without("gamma")
    params = {prefix + n: _begin_at(dist, own.get(n), prefix) for n, dist in space.params.items()}
    return Space(params, first=[{prefix + n: v for n, v in row.items()} for row in space.first])


def _count_columns(X: Any) -> int:
    try:
        shape: tuple[int, ...] = np.shape(X)
    except ValueError:  # rows of several lengths
        shape = ()
    if len(shape) != 2:
        raise EstimatorError(f"X has rows and columns, such as an array (n, d), got {show(X)}")
    return shape[1]


def _begin_at(dist: Distribution, value: Any, prefix: str) -> Distribution:
    """Return a distribution that begins at a value of its own, and waits for prefixed names."""
    when = {prefix + parent: values for parent, values in (dist.when or {}).items()} or None
    known = value is not None and dist.find(value) is not None
    return replace(dist, when=when, default=value if known else dist.default)
