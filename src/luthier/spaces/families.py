"""Ready-made spaces of well-known models: ranges, scales, conditions and defaults.

Parameters have the names of the library's estimators and stand in their order of importance: for
`xgboost` and `torch_mlp` by the share of the variance of ranks that each explains alone, on the
recorded data sets; for others as published studies find. Ranges are those in which published
searches and the libraries' own guides look. The default of each parameter is the library's; where
that is 0 and the scale is a logarithm, it is the lower bound, which is too small to matter. The
first rows of a space are its portfolio: see `portfolios`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from ..errors import SpaceError
from ..space.distributions import Categorical, Distribution, Float, Int
from ..space.space import Space
from ..validation import check_whole, show
from .portfolios import read_portfolio

Task = Literal["classification", "regression"]
Params = Mapping[str, Distribution]

N_ROWS = 10
"""First rows of a space, with the default."""

_USUAL_FEATURES = 16  # columns that are assumed where nobody says how many there are
_NONE = 1e-8  # a penalty that is none


def log_float(low: float, high: float, default: float) -> Float:
    """Return a range of numbers on a logarithmic scale."""
    return Float(low, high, scale="log", default=default)


def log_int(low: int, high: int, default: int) -> Int:
    """Return a range of whole numbers on a logarithmic scale."""
    return Int(low, high, scale="log", default=default)


def _share(low: float, default: float = 1.0) -> Float:
    return Float(low, 1.0, default=default)


def lightgbm() -> Space:
    """Return the space of `LGBMClassifier` and `LGBMRegressor`."""
    return _make(
        "lightgbm",
        {
            "learning_rate": log_float(0.005, 0.5, 0.1),
            "n_estimators": log_int(20, 1000, 100),
            "num_leaves": log_int(2, 256, 31),
            "min_child_samples": log_int(1, 100, 20),
            "colsample_bytree": _share(0.1),
            "reg_lambda": log_float(_NONE, 100, _NONE),
            "reg_alpha": log_float(_NONE, 10, _NONE),
        },
    )


def xgboost() -> Space:
    """Return the space of `XGBClassifier` and `XGBRegressor`."""
    return _make(
        "xgboost",
        {
            "reg_alpha": log_float(_NONE, 1e3, _NONE),
            "min_child_weight": log_float(0.1, 150, 1),
            "learning_rate": log_float(0.001, 1, 0.3),
            "n_estimators": log_int(10, 1000, 100),
            "max_depth": Int(1, 15, default=6),
            "subsample": _share(0.1),
            "reg_lambda": log_float(1e-3, 1e3, 1),
            "colsample_bytree": _share(0.1),
            "gamma": log_float(_NONE, 10, _NONE),
        },
    )


def catboost() -> Space:
    """Return the space of `CatBoostClassifier` and `CatBoostRegressor`.

    CatBoost chooses its learning rate by the data where none is given; the default here is 0.03, as
    in its documentation.
    """
    return _make(
        "catboost",
        {
            "learning_rate": log_float(0.005, 0.5, 0.03),
            "iterations": log_int(30, 1000, 1000),
            "depth": Int(2, 10, default=6),
            "l2_leaf_reg": log_float(0.1, 100, 3),
            "random_strength": log_float(0.01, 10, 1),
            "grow_policy": Categorical(("SymmetricTree", "Depthwise"), default="SymmetricTree"),
            "rsm": _share(0.1),
        },
    )


def hist_gradient_boosting() -> Space:
    """Return the space of scikit-learn's `HistGradientBoosting...`."""
    return _make(
        "hist_gradient_boosting",
        {
            "learning_rate": log_float(0.005, 1, 0.1),
            "max_iter": log_int(20, 1000, 100),
            "max_leaf_nodes": log_int(2, 256, 31),
            "min_samples_leaf": log_int(1, 100, 20),
            "max_features": _share(0.1),
            "l2_regularization": log_float(_NONE, 100, _NONE),
        },
    )


def random_forest(task: Task = "classification", n_features: int | None = None) -> Space:
    """Return the space of scikit-learn's `RandomForest...`.

    Args:
        task: What is predicted.
        n_features: Number of columns, on which the default of `max_features` depends; None for 16.

    Raises:
        SpaceError: There is no such task.
        ValueError: n_features is no whole number above 0.
    """
    return _make(
        "random_forest",
        {
            "max_features": _share(0.02, _columns_of_a_split(task, n_features)),
            "min_samples_leaf": log_int(1, 50, 1),
            "max_samples": _share(0.1),
            "min_samples_split": log_int(2, 50, 2),
        },
    )


def extra_trees(task: Task = "classification", n_features: int | None = None) -> Space:
    """Return the space of scikit-learn's `ExtraTrees...`; arguments as for `random_forest`."""
    return _make(
        "extra_trees",
        {
            "max_features": _share(0.02, _columns_of_a_split(task, n_features)),
            "min_samples_leaf": log_int(1, 50, 1),
            "min_samples_split": log_int(2, 50, 2),
        },
    )


def rpart() -> Space:
    """Return the space of one decision tree, scikit-learn's `DecisionTree...`."""
    return _make(
        "rpart",
        {
            "min_samples_leaf": log_int(1, 100, 1),
            "max_depth": log_int(1, 30, 30),
            "ccp_alpha": log_float(1e-6, 0.1, 1e-6),
            "min_samples_split": log_int(2, 100, 2),
        },
    )


def svm(task: Task = "classification", n_features: int | None = None) -> Space:
    """Return the space of scikit-learn's `SVC` and `SVR` with the kernel "rbf".

    For columns that are scaled to a variance of 1. The range of `gamma` and the rows of the
    portfolio are relative to 1 / n_features, which is also what the library's "scale" comes to.

    Args:
        task: What is predicted.
        n_features: Number of columns; None for 16.

    Raises:
        SpaceError: There is no such task.
        ValueError: n_features is no whole number above 0.
    """
    usual = 1 / _count_features(n_features)
    params: dict[str, Distribution] = {
        "C": log_float(1e-3, 1e4, 1),
        "gamma": log_float(1e-4 * usual, 1e2 * usual, usual),
    }
    if _is_regression(task):
        params["epsilon"] = log_float(1e-4, 1, 0.1)
    return _make("svm", params, scale={"gamma": usual})


def logistic() -> Space:
    """Return the space of scikit-learn's `LogisticRegression`."""
    return _make(
        "logistic",
        {
            "C": log_float(1e-5, 1e5, 1),
            "class_weight": Categorical((None, "balanced"), default=None),
        },
    )


def elastic_net() -> Space:
    """Return the space of scikit-learn's `ElasticNet`, for targets with a variance near 1."""
    return _make(
        "elastic_net", {"alpha": log_float(1e-5, 100, 1), "l1_ratio": Float(0.01, 1.0, default=0.5)}
    )


def knn() -> Space:
    """Return the space of scikit-learn's `KNeighbors...`."""
    return _make(
        "knn",
        {
            "n_neighbors": log_int(1, 100, 5),
            "weights": Categorical(("uniform", "distance"), default="uniform"),
            "p": Categorical((1, 2), default=2),
        },
    )


def mlp() -> Space:
    """Return the space of scikit-learn's `MLP...`."""
    sizes = ((25,), (50,), (100,), (200,), (50, 50), (100, 100), (200, 200))
    return _make(
        "mlp",
        {
            "learning_rate_init": log_float(1e-4, 0.1, 1e-3),
            "alpha": log_float(1e-7, 100, 1e-4),
            "hidden_layer_sizes": Categorical(sizes, default=(100,)),
            "activation": Categorical(("relu", "tanh"), default="relu"),
        },
    )


def torch_mlp() -> Space:
    """Return the space of a network of PyTorch for tables, trained by SGD.

    The parameters are those of LCBench: a network that narrows from `max_units` over `num_layers`
    layers, with a dropout that falls from `max_dropout`. The library has no defaults; these are
    PyTorch's where it has one, and else a common choice.
    """
    return _make(
        "torch_mlp",
        {
            "learning_rate": log_float(1e-4, 0.1, 1e-2),
            "batch_size": log_int(16, 512, 64),
            "num_layers": Int(1, 5, default=3),
            "weight_decay": log_float(1e-5, 0.1, 1e-5),
            "momentum": Float(0.1, 0.99, default=0.9),
            "max_dropout": Float(0.0, 1.0, default=0.0),
            "max_units": log_int(64, 1024, 256),
        },
    )


def lora() -> Space:
    """Return the space of LoRA, fine-tuning of a language model by adapters of low rank.

    Parameters and defaults are those of PEFT's `LoraConfig`, with the learning rate that is usual
    for it. The portfolio is no outcome of a search: it is what published studies recommend.
    """
    return _make(
        "lora",
        {
            "learning_rate": log_float(1e-5, 5e-3, 2e-4),
            "r": log_int(2, 256, 8),
            "lora_alpha": log_int(2, 512, 8),
            "lora_dropout": Float(0.0, 0.3, default=0.0),
            "weight_decay": Float(0.0, 0.1, default=0.0),
        },
    )


def _make(family: str, params: Params, scale: Mapping[str, float] | None = None) -> Space:
    """Return a space with the portfolio of its family.

    Args:
        family: Its name.
        params: The parameters.
        scale: By what numbers of the portfolio are multiplied.
    """
    factors = scale or {}
    default = {name: dist.default for name, dist in params.items()}
    mined = [
        {name: value * factors[name] if name in factors else value for name, value in row.items()}
        for row in read_portfolio(family)
    ]
    rows = [default]
    for row in mined:  # one may be the default, which depends on the data
        if len(rows) < N_ROWS and default | row not in rows:
            rows.append(default | row)
    return Space(params, first=rows)


def _is_regression(task: str) -> bool:
    if task not in ("classification", "regression"):
        raise SpaceError(f"task is 'classification' or 'regression', got {show(task)}")
    return task == "regression"


def _count_features(n_features: int | None) -> int:
    if n_features is None:
        return _USUAL_FEATURES
    check_whole("n_features", n_features, least=1)
    return int(n_features)


def _columns_of_a_split(task: str, n_features: int | None) -> float:
    """Return the share of columns that scikit-learn's forests look at by default.

    It is that of the whole number of columns to which the square root is rounded.
    """
    if _is_regression(task):
        return 1.0
    d = _count_features(n_features)
    return max(0.02, min(1.0, (math.isqrt(d) + 1e-6) / d))
