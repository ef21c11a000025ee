"""Losses of models in ready-made spaces, by cross-validation on small data sets."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import ElasticNet, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from benchmarks.common.ready_made_sets import DataSet
from luthier import Space, spaces

FOLDS = 3
TREES = 40  # of a forest
WORST = 1.0  # loss of a model that cannot be fitted


def make_space(family: str, data: DataSet) -> Space:
    """Return the ready-made space of a family for a data set."""
    make = getattr(spaces, family)
    depends = family in ("svm", "random_forest", "extra_trees")
    task = "classification" if data.is_classes else "regression"
    space: Space = make(task, data.X.shape[1]) if depends else make()
    return space


def takes(family: str, data: DataSet) -> bool:
    """Whether a family can predict the target of a data set."""
    return family != ("elastic_net" if data.is_classes else "logistic")


def make_model(family: str, is_classes: bool) -> BaseEstimator:
    """Return an estimator of a family, with one thread and a fixed seed."""
    if family in ("lightgbm", "xgboost", "catboost"):
        return _make_booster(family, is_classes)
    pairs: dict[str, tuple[Any, Any]] = {
        "hist_gradient_boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
        "random_forest": (_few(RandomForestClassifier), _few(RandomForestRegressor)),
        "extra_trees": (_few(ExtraTreesClassifier), _few(ExtraTreesRegressor)),
        "rpart": (DecisionTreeClassifier, DecisionTreeRegressor),
        "svm": (SVC, SVR),
        "logistic": (partial(LogisticRegression, max_iter=1000), None),
        "elastic_net": (None, ElasticNet),
        "knn": (KNeighborsClassifier, KNeighborsRegressor),
        "mlp": (MLPClassifier, MLPRegressor),
    }
    model = pairs[family][0 if is_classes else 1]()
    return model.set_params(random_state=0) if "random_state" in model.get_params() else model


def _few(kind: Any) -> Any:
    """Return a maker of forests with fewer trees than by default, for speed."""
    return partial(kind, n_estimators=TREES)


def _make_booster(family: str, is_classes: bool) -> Any:
    if family == "lightgbm":
        import lightgbm

        kind = lightgbm.LGBMClassifier if is_classes else lightgbm.LGBMRegressor
        return kind(n_jobs=1, verbose=-1, random_state=0)
    if family == "xgboost":
        import xgboost

        kind = xgboost.XGBClassifier if is_classes else xgboost.XGBRegressor
        return kind(n_jobs=1, random_state=0)
    import catboost

    kind = catboost.CatBoostClassifier if is_classes else catboost.CatBoostRegressor
    return kind(thread_count=1, verbose=0, allow_writing_files=False, random_seed=0)


def measure(family: str, params: Mapping[str, Any], data: DataSet) -> float:
    """Return the mean loss over folds.

    Of classes it is the mean of the share of errors and of 1 - AUC, each class against the rest: a
    model must order rows well, and decide well. Of numbers it is 1 - R2, at most 1.
    """
    split = (StratifiedKFold if data.is_classes else KFold)(FOLDS, shuffle=True, random_state=0)
    losses = [
        score(family, params, data.rows(train), data.rows(test))
        for train, test in split.split(data.X, data.y)
    ]
    return float(np.mean(losses))


def score(family: str, params: Mapping[str, Any], train: DataSet, test: DataSet) -> float:
    """Return the loss on one data set of a model that is fitted to another; see `measure`."""
    model = make_model(family, train.is_classes).set_params(**params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _loss(model.fit(train.X, train.y), test)
        except (ValueError, FloatingPointError):
            return WORST


def _loss(model: Any, test: DataSet) -> float:
    X, y = test.X, test.y
    if not test.is_classes:
        return min(WORST, 1.0 - float(model.score(X, y)))
    scores = (
        model.predict_proba(X) if hasattr(model, "predict_proba") else model.decision_function(X)
    )
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    areas = [
        roc_auc_score(y == c, scores[:, k])
        for k, c in enumerate(model.classes_)
        if 0 < np.sum(y == c) < len(y)
    ]
    return 1.0 - (float(np.mean(areas)) + float(model.score(X, y))) / 2
