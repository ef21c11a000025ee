"""Models of others: how they are made, trained and asked, with errors that say what is missing."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from ..errors import EvaluationError, find_closest
from ..measure.estimators import HELD, can_answer, take_stock
from ..typing import Array, Index
from ..validation import show
from .metrics import Metric, Needs

_METHODS: Mapping[Needs, tuple[str, ...]] = {
    "predict": ("predict",),
    "predict_proba": ("predict_proba",),
    "decision": ("decision_function", "predict_proba"),
}

Build = Callable[[Mapping[str, Any]], Any]
"""Makes a new model from params."""

Fit = Callable[[Any, Any, Any, Any, Any, Any], "int | None"]
"""Trains a model on X and y with weights (n,) or None, and may look at X_test and y_test; returns
how many steps it took, such as epochs or boosting rounds, or None."""


def make_factory(model: Any) -> Build:
    """Return a function from params to a new model, of such a function or of an estimator.

    Raises:
        EvaluationError: It is neither.
    """
    if hasattr(model, "fit") and hasattr(model, "set_params") and not isinstance(model, type):
        return FromEstimator(model)
    if isinstance(model, type) and hasattr(model, "set_params"):
        raise EvaluationError(
            f"expected an estimator, got the class {model.__name__}; pass {model.__name__}()"
        )
    if callable(model):
        build: Build = model
        return build
    raise EvaluationError(
        "expected a function that makes a model from params, or an estimator like those of "
        f"scikit-learn, got {model!r:.100}"
    )


class FromEstimator:
    """A function that copies an estimator, and sets params on the copy.

    Args:
        estimator: Has `fit`, `get_params` and `set_params`.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def __call__(self, params: Mapping[str, Any]) -> Any:
        known = set(self.estimator.get_params(deep=True))  # of CatBoost only what is set
        arguments = inspect.signature(type(self.estimator)).parameters.values()
        known |= {p.name for p in arguments if p.kind is not p.VAR_KEYWORD}
        unknown = [name for name in params if name not in known]
        if unknown:
            closest = find_closest(unknown[0], known)
            hint = f"; did you mean {closest!r}?" if closest else "."
            raise EvaluationError(
                f"{type(self.estimator).__name__} has no parameter {unknown[0]!r}{hint} It has "
                f"{', '.join(sorted(known))}"
            )
        return copy.deepcopy(self.estimator).set_params(**params)


def take_rows(data: Any, rows: Index) -> Any:
    """Return rows (k,) of an array, a table, a sparse matrix or a list."""
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    if hasattr(data, "shape"):
        return data[rows]
    return [data[i] for i in rows.tolist()]


def check_model(model: Any, metrics: tuple[Metric, ...]) -> None:
    """Refuse a model that cannot do what the metrics need, before it is trained.

    Raises:
        EvaluationError: It has no method of that name.
    """
    if not hasattr(model, "fit"):
        raise EvaluationError(f"expected a model with fit(X, y), got {type(model).__name__}")
    for metric in metrics:
        require_answer(model, metric)


def require_answer(model: Any, metric: Metric) -> None:
    """Refuse a model, trained or not, that cannot do what a metric needs.

    Raises:
        EvaluationError: It has no method of that name.
    """
    methods = _METHODS[metric.needs]
    is_told = metric.score is None or metric.needs != "predict"  # a function may need anything
    if is_told and not can_answer(model, methods):
        raise EvaluationError(
            f"the metric {metric.name!r} needs {' or '.join(f'{m}(X)' for m in methods)}, which "
            f"{type(model).__name__} does not have as it is set up; use another metric, or a model "
            "with probabilities"
        )


def ask(model: Any, needs: Needs, X: Any) -> Any:
    """Return what a fitted model says about X, by the method that a metric needs."""
    if needs == "predict":
        return np.asarray(model.predict(X))
    if needs == "decision" and hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(X))
    return np.asarray(model.predict_proba(X))


def train(
    model: Any,
    X: Any,
    y: Any,
    weight: Array | None,
    test: tuple[Any, Any] | None = None,
    fit: Fit | None = None,
) -> int | None:
    """Train a model, and return how many steps that took where it is known.

    Args:
        model: Not trained yet.
        X: (n, ...) rows.
        y: (n,) targets.
        weight: (n,) weights of the rows, or None.
        test: The test rows and targets, for a `fit` that stops by them.
        fit: Trains the model instead of its own `fit`.

    Raises:
        EvaluationError: The model changes its params as it is trained, so that a copy with the same
            params would not be the same model.
    """
    before = _take_stock_of_params(model)
    if fit is not None:
        n_steps = fit(model, X, y, weight, *(test or (None, None)))
    else:
        model.fit(X, y) if weight is None else model.fit(X, y, sample_weight=weight)
        n_steps = None
    after = _take_stock_of_params(model)
    changed = [name for name in before if name in after and after[name][0] != before[name][0]]
    if changed:
        was, now = before[changed[0]][1], after[changed[0]][1]
        raise EvaluationError(
            f"{type(model).__name__} changes its parameter {changed[0]!r} in fit, from {was} to "
            f"{now}: what is measured would not be what was asked for; set another attribute there"
        )
    return n_steps


def _take_stock_of_params(model: Any) -> dict[str, tuple[Hashable, str]]:
    """Return what the params of a model hold, and as text; those that are objects are left out."""
    if not hasattr(model, "get_params"):
        return {}
    params = model.get_params(deep=False)
    return {name: (take_stock(v), show(v)) for name, v in params.items() if isinstance(v, HELD)}
