"""The resource of a search: what there is less of for hopeless candidates, and in which steps."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import schedulers
from ..errors import EstimatorError
from ..numerics.halving import rung_steps
from ..schedulers import Scheduler
from ..typing import Index
from ..validation import show
from .fold_fit import FitSettings
from .measures import (
    FoldByFold,
    GrowingModel,
    GrowingParam,
    GrowingSample,
    Measure,
    TrainByWarmStart,
    train_by_partial_fit,
)
from .sample_order import join_order, read_classes

NAMES = ("folds", "n_samples", "partial_fit", "warm_start")

_FOLD_BY_FOLD = ("FoldRace", "Wilcoxon")  # schedulers that compare trials on each fold
_FACTOR = 3.0
_MIN_ROWS = 1_000  # of the smallest sample, where there are three times as many
_WARM_PARAMS = ("n_estimators", "max_iter")


def choose_measure(
    settings: FitSettings,
    resource: str | None,
    scheduler: Scheduler | str | None,
    bounds: tuple[int | None, int | None],
    groups: Any,
    seed: int,
    is_kept: bool,
    n_objectives: int = 1,
) -> tuple[Measure, Scheduler | None]:
    """Return how candidates are measured, and the scheduler that ends hopeless ones.

    Args:
        settings: What all fits of the search share.
        resource: "folds", "n_samples", "partial_fit", "warm_start", the name of a parameter of the
            estimator, or None.
        scheduler: As given by the user; None for the default.
        bounds: The smallest and the largest amount; None for the default.
        groups: (n,) the group of each row; None without groups.
        seed: Of the samples.
        is_kept: Whether fits are kept fold by fold, in case the worker dies.
        n_objectives: How many metrics are optimised together.

    Raises:
        EstimatorError: The estimator does not have the resource, or the bounds do not fit; or there
            are several objectives, of which none says who is hopeless.
    """
    if resource is not None and n_objectives > 1:
        raise EstimatorError(
            f"with {n_objectives} objectives no candidate is ended early, as one that is worse in "
            f"one may be better in another; leave out resource={resource!r:.100}, or name one "
            "objective"
        )
    if resource is None:
        if scheduler is not None or bounds != (None, None):
            raise EstimatorError(
                "a scheduler, min_resource and max_resource say how much of a resource candidates "
                "get, and there is none; say which: resource='folds', 'n_samples', 'partial_fit', "
                "'warm_start', or a parameter such as 'n_estimators'"
            )
        return FoldByFold("fold", is_kept), None
    if resource == "folds":
        if bounds != (None, None):
            raise EstimatorError("the folds of cv are all there is; leave out min and max_resource")
        found = schedulers.from_name("FoldRace" if scheduler is None else scheduler)
        is_by_fold = type(found).__name__ in _FOLD_BY_FOLD
        return FoldByFold("fold" if is_by_fold else "mean", is_kept), found

    if resource == "n_samples":
        low, high = _sample_bounds(settings, bounds)
        chosen, steps = _choose_steps(scheduler, low, high, pauses=True)
        orders = [
            join_order(train, settings.y, groups, np.random.default_rng([seed, fold]))
            for fold, (train, _) in enumerate(settings.splits)
        ]
        _require_all_classes(settings, orders, steps[0])
        return GrowingSample(steps, orders), chosen
    if resource in ("partial_fit", "warm_start"):
        return _train_on(settings.estimator, resource, scheduler, bounds)
    low, high = _param_bounds(settings.estimator, resource, bounds)
    chosen, steps = _choose_steps(scheduler, low, high, pauses=True)
    return GrowingParam(steps, resource), chosen


def reserved_param(resource: str | None, estimator: Any) -> str | None:
    """Return the parameter that the resource sets; None where it sets none."""
    if resource == "warm_start":
        return _warm_param(estimator)
    return None if resource is None or resource in NAMES else resource


def _train_on(
    estimator: Any,
    resource: str,
    scheduler: Scheduler | str | None,
    bounds: tuple[int | None, int | None],
) -> tuple[Measure, Scheduler | None]:
    """Return the measure of models that are trained on."""
    if resource == "partial_fit":
        if not hasattr(estimator, "partial_fit"):
            raise EstimatorError(
                f"resource='partial_fit' needs an estimator that has partial_fit, which "
                f"{type(estimator).__name__} has not"
            )
        known = estimator.get_params().get("max_iter")
        low, high = bounds[0] or 1, bounds[1] or (known if isinstance(known, int) else 100)
        chosen, steps = _choose_steps(scheduler, low, high, pauses=False)
        return GrowingModel(steps, train_by_partial_fit, chosen.resumes), chosen
    name = _warm_param(estimator)
    low, high = _param_bounds(estimator, name, bounds)
    chosen, steps = _choose_steps(scheduler, low, high, pauses=False)
    return GrowingModel(steps, TrainByWarmStart(name), chosen.resumes, name), chosen


def _warm_param(estimator: Any) -> str:
    """Return the parameter that grows from one `fit` to the next with warm_start=True."""
    params = estimator.get_params(deep=False)
    if "warm_start" in params:
        for name in _WARM_PARAMS:
            if name in params:
                return name
    raise EstimatorError(
        f"resource='warm_start' needs an estimator that has the parameters warm_start and one of "
        f"{' and '.join(_WARM_PARAMS)}, which {type(estimator).__name__} has not"
    )


def _param_bounds(
    estimator: Any, name: str, bounds: tuple[int | None, int | None]
) -> tuple[int, int]:
    """Return the smallest and the largest value of a parameter that is a resource."""
    params = estimator.get_params(deep=True)
    if name not in params:
        raise EstimatorError(
            f"resource is one of {', '.join(map(repr, NAMES))}, or a parameter of the estimator, "
            f"got {name!r:.100}, and {type(estimator).__name__} has {', '.join(params):.2000}"
        )
    known = params[name]
    if bounds[1] is None and (isinstance(known, bool) or not isinstance(known, int)):
        raise EstimatorError(
            f"the estimator has {name} = {show(known)}, so max_resource must say how far it grows"
        )
    high = int(known if bounds[1] is None else bounds[1])
    low = max(1, high // int(_FACTOR**3)) if bounds[0] is None else int(bounds[0])
    return _in_order(low, high)


def _sample_bounds(settings: FitSettings, bounds: tuple[int | None, int | None]) -> tuple[int, int]:
    """Return the smallest and the largest number of training rows."""
    n = min(len(train) for train, _ in settings.splits)
    high = n if bounds[1] is None else int(bounds[1])
    if high > n:
        raise EstimatorError(f"folds have {n} training rows at least, got max_resource={high}")
    if bounds[0] is not None:
        return _in_order(int(bounds[0]), high)
    least = 2 * _count_classes(settings.y) * len(settings.splits)
    wanted = _MIN_ROWS if high >= _FACTOR * _MIN_ROWS else high // int(_FACTOR**2)
    return _in_order(min(max(least, wanted), high), high)


def _in_order(low: int, high: int) -> tuple[int, int]:
    if not 1 <= low <= high:
        raise EstimatorError(
            f"expected 1 <= min_resource <= max_resource, got min_resource={low}, "
            f"max_resource={high}"
        )
    return low, high


def _count_classes(y: Any) -> int:
    classes = read_classes(y)
    return 1 if classes is None else len(np.unique(classes))


def _require_all_classes(settings: FitSettings, orders: Sequence[Index], n_rows: int) -> None:
    """Refuse samples that would miss a class that their fold has."""
    classes = read_classes(settings.y)
    for fold, order in enumerate(orders if classes is not None else ()):
        missing = set(np.unique(classes[order])) - set(np.unique(classes[order[:n_rows]]))
        if missing:
            raise EstimatorError(
                f"the smallest sample of fold {fold} has {n_rows} rows and misses the classes "
                f"{sorted(map(str, missing))!r:.200}; raise min_resource"
            )


def _choose_steps(
    scheduler: Scheduler | str | None, low: int, high: int, pauses: bool
) -> tuple[Scheduler, list[int]]:
    """Return the scheduler, and the whole numbers at which candidates report to it.

    A scheduler with rungs has them between its own bounds; one that is named gets these. Others see
    every unit of models that are trained on, and rungs where each fit begins anew.

    Args:
        scheduler: As given by the user; None for ASHA.
        low: The smallest amount.
        high: The largest.
        pauses: Whether each fit begins anew, so that a pause costs nothing.
    """
    if scheduler is None:
        chosen: Scheduler = schedulers.ASHA(
            low, high, _FACTOR, mode="promotion" if pauses else "stopping"
        )
    elif isinstance(scheduler, Scheduler):
        chosen = scheduler
    else:
        chosen = schedulers.from_name(scheduler)  # type: ignore[assignment]
        accepted = inspect.signature(type(chosen)).parameters
        given = {"min_resource": low, "max_resource": high}
        chosen = type(chosen)(**{k: v for k, v in given.items() if k in accepted})
    factor = getattr(chosen, "reduction_factor", _FACTOR if pauses else None)
    if factor is None:
        n = min(high - low + 1, 100)
        steps = np.unique(np.linspace(low, high, n).round().astype(int)).tolist()
        return chosen, steps
    first = math.ceil(getattr(chosen, "min_resource", None) or low)
    last = getattr(chosen, "max_resource", None) or high
    if not low <= first <= last <= high and isinstance(scheduler, Scheduler):
        raise EstimatorError(
            f"{scheduler!r} has rungs from {first} to {last:g}, and the resource goes from {low} "
            f"to {high}; give min_resource and max_resource to the search, and the scheduler by "
            "its name"
        )
    steps = sorted({math.ceil(step) for step in rung_steps(first, float(high), factor)})
    return chosen, steps
