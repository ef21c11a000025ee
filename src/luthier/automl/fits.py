"""Fits, as they run in a worker: of one fold, or of the final model."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ..evaluation.fitted_model import spread_classes
from ..evaluation.models import take_rows
from ..evaluation.split_plan import SplitPlan
from ..typing import Array, Index
from .pipelines import Recipe


class Material(NamedTuple):
    """What all fits of a search work on.

    Attributes:
        X: (n, d) table.
        y: (n,) targets; classes as numbers from 0 on.
        rows: (m,) those that are searched on; the others are held out.
        plan: Folds of these m rows.
        recipe: How pipelines are made.
        n_threads: How many threads a fit may use.
    """

    X: Any
    y: Any
    rows: Index
    plan: SplitPlan
    recipe: Recipe
    n_threads: int


class FoldFit(NamedTuple):
    """What came of a fit on one fold.

    Attributes:
        predictions: (k, c) probabilities or (k,) numbers for the test rows.
        fit_s: Seconds that training took.
        predict_s: Seconds that predictions took.
    """

    predictions: Array
    fit_s: float
    predict_s: float


def fit_fold(
    material: Material, params: Mapping[str, Any], fold: int, n_rows: int | None
) -> FoldFit:
    """Train a pipeline on one fold, and ask it about the test rows.

    Args:
        material: The data.
        params: Of the pipeline.
        fold: Number of the fold.
        n_rows: How many of its training rows are used; None for all.
    """
    train, test = material.plan[fold]
    if n_rows is not None and n_rows < len(train):
        train = draw_rows(train, material.y[material.rows[train]], n_rows, material.recipe)
    rows, tested = material.rows[train], material.rows[test]
    with _quiet(material.n_threads):
        begin = time.perf_counter()
        model = material.recipe.make(params, material.n_threads, len(rows))
        model.fit(take_rows(material.X, rows), material.y[rows])
        fitted = time.perf_counter()
        predictions = ask(model, take_rows(material.X, tested), material.recipe.n_classes)
    if not np.isfinite(predictions).all():
        raise ValueError("the pipeline predicts NaN or infinity")
    return FoldFit(predictions.astype(np.float32), fitted - begin, time.perf_counter() - fitted)


def fit_rows(material: Material, params: Mapping[str, Any], only_search: bool) -> Any:
    """Return a pipeline that is trained on all rows, or on those of the search only."""
    rows = material.rows if only_search else np.arange(len(material.y))
    model = material.recipe.make(params, material.n_threads, len(rows))
    with _quiet(material.n_threads):
        model.fit(take_rows(material.X, rows), material.y[rows])
    return model


def warm_up() -> None:
    """Load what fits need, so that the first one does not wait for it."""
    import sklearn.compose
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.preprocessing  # noqa: F401


@contextmanager
def _quiet(n_threads: int) -> Iterator[None]:
    """Keep to a number of threads, and let no library talk: warnings of fits tell users nothing."""
    with warnings.catch_warnings(), threadpool_limits(n_threads), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def ask(model: Any, X: Any, n_classes: int) -> Array:
    """Return probabilities (n, c) of all classes, or numbers (n,)."""
    if n_classes:
        return spread_classes(model, X, np.arange(n_classes))
    return np.asarray(model.predict(X), dtype=np.float64).reshape(len(X))


def draw_rows(train: Index, y: Any, n_rows: int, recipe: Recipe) -> Index:
    """Return some of the training rows, at random but the same for all pipelines.

    One row of each class is among them.
    """
    order = np.random.default_rng([recipe.seed, 3]).permutation(len(train))
    if recipe.n_classes:
        first = np.unique(y[order], return_index=True)[1]
        order = np.concatenate([order[first], np.delete(order, first)])
    return np.asarray(np.sort(train[order[:n_rows]]))
