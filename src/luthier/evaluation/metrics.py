"""Metrics: what a model is measured by, from its predictions row by row.

A metric is two functions. `rows` gives one number for each row, and `total` puts the numbers of any
rows together. So the same metric can be had of a fold, of a slice of the data, and of the rows of a
bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import EvaluationError, find_closest
from ..typing import Array
from ..validation import show

Needs = Literal["predict", "predict_proba", "decision"]

# y (n,), what the model says (n, ...), its classes (c,) -> (n,)
Rows = Callable[[Any, Any, Any], Array]
# numbers of the rows (n,), y (n,), weights (n,) -> value
Total = Callable[[Array, Any, Array], float]

_LEAST_P = 1e-15


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One way to measure a model.

    Attributes:
        name: Its name.
        direction: Where better values lie.
        needs: The method of the model that it looks at; "decision" is its decision function, or the
            probability of the second class.
        task: "classify" or "regress", where it is for one of the two only.
        rows: Gives a number for each row; None for a metric that is only had of a whole fold.
        total: Puts the numbers of rows together.
        score: Gives the value of a fitted model on X, y; instead of `rows` and `total`.
    """

    name: str
    direction: Literal["minimize", "maximize"] = "maximize"
    needs: Needs = "predict"
    task: Literal["classify", "regress"] | None = None
    rows: Rows | None = None
    total: Total | None = None
    score: Callable[[Any, Any, Any], float] | None = None

    def sign(self) -> float:
        """1 where smaller values are better, -1 where larger ones are."""
        return 1.0 if self.direction == "minimize" else -1.0


def mean_of_rows(rows: Array, y: Any, weight: Array) -> float:
    """Return the weighted mean of rows (n,)."""
    return float(np.average(rows, weights=weight))


def _correct(y: Any, told: Any, classes: Any) -> Array:
    return np.asarray(np.asarray(told) == np.asarray(y), dtype=np.float64)


def _balanced(rows: Array, y: Any, weight: Array) -> float:
    groups = np.unique(y, return_inverse=True)[1]
    right = np.bincount(groups, weights=rows * weight)
    all_of = np.bincount(groups, weights=weight)
    return float((right[all_of > 0] / all_of[all_of > 0]).mean())


def _p_of_true(y: Any, told: Any, classes: Any) -> tuple[NDArray[Any], Array]:
    """Return probabilities (n, c) and which entries are of the true class (n, c)."""
    p = np.asarray(told, dtype=np.float64)
    p = np.column_stack([1 - p, p]) if p.ndim == 1 else p
    return p, np.asarray(y)[:, None] == np.asarray(classes)[None, :]


def _negative_log(y: Any, told: Any, classes: Any) -> Array:
    p, is_true = _p_of_true(y, told, classes)
    p = p / p.sum(axis=1, keepdims=True)
    return np.asarray(-np.log(np.clip((p * is_true).sum(axis=1), _LEAST_P, None)))


def _squared_of_p(y: Any, told: Any, classes: Any) -> Array:
    p, is_true = _p_of_true(y, told, classes)
    return np.asarray(((p - is_true) ** 2).sum(axis=1) / 2)


def _ranked(y: Any, told: Any, classes: Any) -> Array:
    score = np.asarray(told, dtype=np.float64)
    if len(classes) != 2:
        raise EvaluationError(
            f"auc is for two classes, and there are {len(classes)}; use 'roc_auc_ovr' of "
            "scikit-learn, or 'log_loss'"
        )
    return score[:, 1] if score.ndim == 2 else score


def area_under_curve(rows: Array, y: Any, weight: Array) -> float:
    """Return the chance that a row of the later class has the higher score, ties counting half."""
    classes = np.unique(y)
    if len(classes) < 2:
        return float("nan")
    positive = np.asarray(y) == classes[-1]
    values, at = np.unique(rows, return_inverse=True)
    good = np.bincount(at, weights=weight * positive, minlength=len(values))
    bad = np.bincount(at, weights=weight * ~positive, minlength=len(values))
    below = np.cumsum(bad) - bad
    return float((good * (below + bad / 2)).sum() / (good.sum() * bad.sum()))


def _squared(y: Any, told: Any, classes: Any) -> Array:
    return (np.asarray(told, dtype=np.float64) - np.asarray(y, dtype=np.float64)) ** 2


def _absolute(y: Any, told: Any, classes: Any) -> Array:
    return np.abs(np.asarray(told, dtype=np.float64) - np.asarray(y, dtype=np.float64))


def root_mean_of_rows(rows: Array, y: Any, weight: Array) -> float:
    """Return the square root of the weighted mean of rows (n,)."""
    return float(np.sqrt(np.average(rows, weights=weight)))


def _explained(rows: Array, y: Any, weight: Array) -> float:
    y = np.asarray(y, dtype=np.float64)
    spread = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    if spread == 0:
        return float("nan")
    return float(1 - np.average(rows, weights=weight) / spread)


def _of_classes(name: str, direction: Any, needs: Needs, rows: Rows, total: Total) -> Metric:
    return Metric(
        name=name, direction=direction, needs=needs, task="classify", rows=rows, total=total
    )


def _of_numbers(name: str, direction: Any, rows: Rows, total: Total) -> Metric:
    return Metric(name=name, direction=direction, task="regress", rows=rows, total=total)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _of_classes("accuracy", "maximize", "predict", _correct, mean_of_rows),
        _of_classes("balanced_accuracy", "maximize", "predict", _correct, _balanced),
        _of_classes("log_loss", "minimize", "predict_proba", _negative_log, mean_of_rows),
        _of_classes("brier", "minimize", "predict_proba", _squared_of_p, mean_of_rows),
        _of_classes("auc", "maximize", "decision", _ranked, area_under_curve),
        _of_numbers("mse", "minimize", _squared, mean_of_rows),
        _of_numbers("rmse", "minimize", _squared, root_mean_of_rows),
        _of_numbers("mae", "minimize", _absolute, mean_of_rows),
        _of_numbers("r2", "maximize", _squared, _explained),
    )
}


def read_metrics(metrics: Any) -> tuple[Metric, ...]:
    """Return metrics from a name, a function, a `Metric`, a list of these, or a dict by name.

    A function is called with the fitted model, X and y, and larger values are better, as of the
    scorers of scikit-learn; names that are none of ours are theirs.

    Raises:
        EvaluationError: There is none, two have one name, or one is not known.
    """
    if isinstance(metrics, Mapping):
        found = [msgspec.structs.replace(read_metric(m), name=name) for name, m in metrics.items()]
    elif isinstance(metrics, Sequence) and not isinstance(metrics, str):
        found = [read_metric(metric) for metric in metrics]
    else:
        found = [read_metric(metrics)]
    names = [metric.name for metric in found]
    if not found or len(set(names)) < len(names):
        raise EvaluationError(
            f"expected at least one metric, each of another name, got {names}; name them by a dict"
        )
    return tuple(found)


def read_metric(metric: Any) -> Metric:
    """Return a metric from a name, a function or a `Metric`, as `read_metrics` does.

    Raises:
        EvaluationError: It is none of them, or not known.
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        return METRICS[metric] if metric in METRICS else _of_scikit_learn(metric)
    if callable(metric):
        return Metric(name=getattr(metric, "__name__", "score"), score=metric)
    raise EvaluationError(
        f"a metric is a name, a function of model, X and y, or a Metric, got {show(metric)}"
    )


def _read_needs(scorer: Any) -> Needs:
    """Return what a scorer of scikit-learn asks of a model."""
    asked = getattr(scorer, "_response_method", "predict")
    if isinstance(asked, str):
        return "predict_proba" if asked == "predict_proba" else "predict"
    return "decision" if set(asked) == {"decision_function", "predict_proba"} else "predict"


def _of_scikit_learn(name: str) -> Metric:
    known = list(METRICS)
    try:
        from sklearn.metrics import get_scorer, get_scorer_names
    except ImportError:
        pass
    else:
        if name in get_scorer_names():
            scorer = get_scorer(name)
            return Metric(name=name, score=scorer, needs=_read_needs(scorer))
        known += get_scorer_names()
    closest = find_closest(name, known)
    hint = f"; did you mean {closest!r}?" if closest else "."
    raise EvaluationError(f"there is no metric {name!r}{hint} Known are {', '.join(METRICS)}")
