"""One run from a table to a model: the steps in their order, within their time and memory."""

from __future__ import annotations

import hashlib
import math
import time
from numbers import Integral, Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from ..errors import EstimatorError, StudyNotFoundError
from ..evaluation.fitted_model import hash_targets
from ..evaluation.hold_out import HoldOut, Look
from ..evaluation.metrics import Metric, read_metric
from ..evaluation.plan_choice import choose_plan
from ..evaluation.plans import plan_folds, plan_holdout
from ..evaluation.split_plan import SplitPlan
from ..evaluation.time_plans import plan_time_folds
from ..executors.resources import cores
from ..space.constraints import Expression, Rule
from ..space.space import Space
from ..study.create import create_study, load_study
from ..study.study import Study
from ..terminal import logger
from ..typing import Array, Index
from ..validation import show
from .columns import describe_columns, find_columns, find_infinite
from .ensemble import Ensemble
from .finish import (
    Member,
    blend_members,
    choose_members,
    fit_members,
    fit_safely,
    look_at,
)
from .fits import Material
from .fitters import FitHere, FitInProcesses, Fitters
from .joint_space import LEARNER, make_space
from .leaks import find_order, find_target_copies, group_copies
from .learners import Task, choose_learners
from .pipelines import Recipe
from .portfolio import Portfolio
from .search import Search, Tried

_STUDY = "automl"
_MOST_JOBS = 8
_LARGE_CELLS = 500_000  # of a table, from which on a fit may use several threads
_LIBRARIES_MB = 250  # that a worker holds before it fits anything
_LEAST_HELD_OUT = 20  # rows; with fewer there is no promise
_MOST_HELD_OUT = 5_000  # rows; more would make the promise hardly sharper
_MOST_RESERVED = 0.35  # of the time, for the final model
_MOST_WAITED_S = 10.0
_WAITED = 0.03  # of the time, for fits that run longer than expected
_START_S = 1.5  # of the end of a run, beside its fits
_GRACE_S = 0.5  # that fits of the final model may take beyond the time
_N_SPENT = 8  # members of the final model for which time is set aside


class Settings(NamedTuple):
    """What a run is asked for; see `AutoClassifier`."""

    task: Task
    time_s: float | None
    n_trials: int | None
    metric: Any
    learners: Any
    space: Space | None
    hold_out: float
    memory_mb: float | None
    n_jobs: int | None
    path: Path | None
    seed: int


class Order(NamedTuple):
    """What the rows have to do with each other.

    Attributes:
        groups: (n,) groups that no split may tear apart; None without.
        times: (n,) time of each row; None where the order says nothing.
        known_at: (n,) when the target of each row was known; None for at once.
    """

    groups: Any = None
    times: Any = None
    known_at: Any = None

    def check(self, n: int) -> None:
        """Refuse what does not have one entry for each of n rows.

        Raises:
            EstimatorError: It does not.
        """
        for name, part in (("groups", self.groups), ("time", self.times)):
            if part is not None and np.shape(part) != (n,):
                raise EstimatorError(
                    f"{name} must hold one entry for each of the {n} rows, got shape "
                    f"{np.shape(part)}"
                )

    def take(self, rows: Index) -> Order:
        """Return the order of some of the rows."""
        return Order(*(None if part is None else np.asarray(part)[rows] for part in self))


class Found(NamedTuple):
    """What came of a run.

    Attributes:
        settings: What it was asked for.
        names: (d,) of the columns.
        classes: (c,) the classes; None for numbers.
        material: The data.
        metric: What was optimised.
        space: The space of pipelines.
        study: The trials; None once it was pickled.
        tried: The trials as the search knows them, in order.
        members: Those that the final model has.
        ensemble: What an ensemble would gain; None where there was nothing to choose from.
        model: The blend of fitted pipelines.
        look: Its score on the rows that were held out; None where there is none.
        predictions: Rows (k,) and what the model's trials said of them out of fold (k, c) or (k,).
        remarks: What was noticed.
        took_s: Seconds that the run took.
    """

    settings: Settings
    names: list[str]
    classes: Any
    material: Material
    metric: Metric
    space: Space
    study: Study | None
    tried: list[Tried]
    members: list[Member]
    ensemble: Ensemble | None
    model: Any
    look: Look | None
    predictions: tuple[Index, Array] | None
    remarks: list[str]
    took_s: float


def run(
    settings: Settings,
    X: Any,
    names: list[str],
    y: Any,
    order: Order,
    begin: float,
) -> Found:
    """Search, choose, and fit the final model; see `AutoClassifier.fit`.

    Args:
        settings: What is asked for.
        X: (n, d) table.
        names: Of its columns.
        y: (n,) targets.
        order: What the rows have to do with each other.
        begin: When the run began, by time.monotonic.
    """
    _check(settings)
    order.check(len(y))
    metric = _choose_metric(settings)
    classes = None
    if settings.task == "classify":
        classes, y = _number_classes(y)
    columns = find_columns(X, names)
    remarks = describe_columns(columns) + find_infinite(X, columns)
    remarks += find_target_copies(X, y, columns, settings.task == "classify")
    if order.times is None:
        remarks += find_order(X, columns)
    if order.groups is None and order.times is None:
        groups, found_copies = group_copies(X)
        order = Order(groups=groups)
        remarks += found_copies
    held_out, rest, plan = _split(settings, X, y, order, remarks)
    for remark in remarks:
        logger.warning("%s", remark)

    learners = {one.name: one for one in choose_learners(settings.learners, settings.task, len(y))}
    fitters = _start_fitters(settings, X)
    try:
        recipe = Recipe(
            columns=columns,
            learners=learners,
            task=settings.task,
            n_classes=0 if classes is None else len(classes),
            seed=settings.seed % 2**31,
        )
        n_threads = 1  # more than one is lost on small tables, and on cores that others use
        if len(y) * len(columns) >= _LARGE_CELLS:
            n_threads = max(1, len(cores()) // fitters.n_workers)
        material = Material(X, y, rest, plan, recipe, n_threads)
        found = _search(settings, material, metric, fitters, begin)
        return _finish(
            settings, names, classes, material, metric, found, fitters, held_out, remarks, begin
        )
    finally:
        fitters.end()


def recall_seed(path: Path) -> int | None:
    """Return the seed of the run that a file keeps; None where it keeps none."""
    if not path.is_file():
        return None
    try:
        return load_study(_STUDY, f"sqlite:///{path}").engine.settings.seed
    except StudyNotFoundError:
        return None


def _check(settings: Settings) -> None:
    """Refuse settings that make no sense.

    Raises:
        EstimatorError: They do not.
    """
    if settings.time_s is None and settings.n_trials is None:
        raise EstimatorError("the run has no end: give time_s, n_trials or both")
    for name, bound in (("time_s", settings.time_s), ("memory_mb", settings.memory_mb)):
        if bound is not None and not (isinstance(bound, Real) and bound > 0):
            raise EstimatorError(f"{name} must be a number above 0, or None, got {show(bound)}")
    for name, count in (("n_trials", settings.n_trials), ("n_jobs", settings.n_jobs)):
        if count is not None and not (isinstance(count, Integral) and count > 0):
            raise EstimatorError(
                f"{name} must be a whole number above 0, or None, got {show(count)}"
            )
    if not (isinstance(settings.hold_out, Real) and 0 <= settings.hold_out < 1):
        raise EstimatorError(
            f"hold_out is a share of the rows from 0 to below 1, got {show(settings.hold_out)}"
        )
    if not isinstance(settings.space, Space | None):
        raise EstimatorError(
            f"space is a luthier.Space such as pipeline_space makes, got {show(settings.space)}"
        )


def _choose_metric(settings: Settings) -> Metric:
    usual = "log_loss" if settings.task == "classify" else "rmse"
    metric = read_metric(usual if settings.metric is None else settings.metric)
    if metric.task is not None and metric.task != settings.task:
        raise EstimatorError(
            f"{metric.name} is a metric of {'numbers' if metric.task == 'regress' else 'classes'}, "
            f"and this predicts {'classes' if settings.task == 'classify' else 'numbers'}"
        )
    return metric


def _number_classes(y: Any) -> tuple[Any, Any]:
    """Return the classes (c,), and targets (n,) as numbers from 0 on.

    Raises:
        EstimatorError: They are numbers with fractions, or of several types.
    """
    if y.dtype.kind == "f" and (y != np.round(y)).any():
        raise EstimatorError(
            "Unknown label type: AutoClassifier predicts classes, and y holds numbers such as "
            f"{float(y[y != np.round(y)][0])!r}; use AutoRegressor"
        )
    try:
        classes, numbers = np.unique(y, return_inverse=True)
    except TypeError:
        kinds = sorted({type(label).__name__ for label in y.tolist()})
        raise EstimatorError(
            f"the classes of y have several types, {', '.join(kinds)}; make them one: y.astype(str)"
        ) from None
    return classes, numbers.astype(np.int64)


def _split(
    settings: Settings, X: Any, y: Any, order: Order, remarks: list[str]
) -> tuple[HoldOut | None, Index, SplitPlan]:
    """Return the rows that are held out, those that are left, and the folds of these."""
    n = len(y)
    is_class = settings.task == "classify"
    held_out, rest = None, np.arange(n)
    rarest = int(np.bincount(y).min()) if is_class else n
    share = min(settings.hold_out, _MOST_HELD_OUT / n)
    if share * n >= _LEAST_HELD_OUT and rarest >= 3:
        if order.times is None:
            stratify = y if is_class else None
            seed = settings.seed % 2**31
            apart = plan_holdout(n, share, stratify=stratify, groups=order.groups, seed=seed)
        else:
            apart = plan_time_folds(
                order.times, 1, n_test=max(1, round(share * n)), known_at=order.known_at
            )
        held_out = HoldOut(X, y, apart)
        rest = held_out.rest
    elif settings.hold_out:
        remarks.append(
            f"no rows are held out, so there is no promise: {n} rows are too few"
            if share * n < _LEAST_HELD_OUT
            else "no rows are held out, so there is no promise: a class has fewer than 3 rows"
        )
    return held_out, rest, _plan(settings, y[rest], order.take(rest))


def _plan(settings: Settings, y: Any, order: Order) -> SplitPlan:
    """Return the folds of the search; classes that are alone are not stratified."""
    n = len(y)
    seed = settings.seed % 2**31
    if order.times is not None:
        return plan_time_folds(order.times, min(5, n - 1), known_at=order.known_at)
    is_class = settings.task == "classify"
    rare = np.bincount(y)[np.unique(y)].min() if is_class else n
    if rare < 2 or n < 10:
        return plan_folds(n, max(2, min(5, n // 2)), seed=seed)
    return choose_plan(n, y if is_class else None, order.groups, task=settings.task, seed=seed)


def _start_fitters(settings: Settings, X: Any) -> Fitters:
    """Return what runs fits: processes, where a limit may have to end one."""
    if settings.time_s is None and settings.memory_mb is None:
        return FitHere()
    n_jobs = settings.n_jobs or min(len(cores()), _MOST_JOBS)
    memory = psutil.virtual_memory().available / 2**20 * 0.75
    total = memory if settings.memory_mb is None else settings.memory_mb
    while n_jobs > 1 and total / n_jobs < 2 * _LIBRARIES_MB:
        n_jobs -= 1
    return FitInProcesses(n_jobs, max(total / n_jobs - _LIBRARIES_MB, 100.0))


def _search(
    settings: Settings, material: Material, metric: Metric, fitters: Fitters, begin: float
) -> tuple[Study, Search, Space]:
    """Run the search; return the study and the search."""
    recipe = material.recipe
    space = settings.space
    if space is None:
        space = make_space(recipe.columns, list(recipe.learners.values()), recipe.task)
    _check_space(space, material)
    rows = space.decode(space.first_points.X)
    study = create_study(
        _STUDY,
        storage=None if settings.path is None else f"sqlite:///{settings.path}",
        direction=metric.direction,
        space=Space(space.params, _list_rules(space)),
        seed=settings.seed % 2**31,
        load_if_exists=True,
    )
    n_rows = len(material.plan[0].train)
    portfolio = Portfolio(rows, recipe.learners, n_rows, len(recipe.columns))
    search = Search(study, material, metric, portfolio, fitters, _hash(material, metric))
    time_s = math.inf if settings.time_s is None else settings.time_s

    def ask_end() -> tuple[float, float]:
        reserve_s = _reserve_s(search, material, fitters)
        end = begin + time_s - min(reserve_s, _MOST_RESERVED * time_s)
        return end - min(_WAITED * time_s, _MOST_WAITED_S), end

    search.run(ask_end, settings.n_trials)
    return study, search, space


def _list_rules(space: Space) -> list[Rule]:
    """Return the hard constraints of a space as they were given."""
    return [c.text if isinstance(c, Expression) else c.function for c in space.constraints]


def _check_space(space: Space, material: Material) -> None:
    """Refuse a space that is none of pipelines.

    Raises:
        EstimatorError: It has no learner, or one that is not known.
    """
    if LEARNER not in space.params:
        raise EstimatorError(
            "a space of pipelines has the parameter 'learner'; begin with pipeline_space(X, task)"
        )
    known = material.recipe.learners
    named = getattr(space.params[LEARNER], "choices", ())
    unknown = [name for name in named if name not in known]
    if unknown:
        raise EstimatorError(
            f"the space has the learner {unknown[0]!r}, and known are {', '.join(known)}; pass it "
            "in learners=[...] as well"
        )


def _reserve_s(search: Search, material: Material, fitters: Fitters) -> float:
    """Return how many seconds are set aside for the final model."""
    more = len(material.y) / len(material.plan[0].train)
    fits = [tried.fit_s * more for tried in search.ranked()[:_N_SPENT]]
    return float(2 * sum(fits) / fitters.n_workers * 1.2 + _START_S)


def _hash(material: Material, metric: Metric) -> str:
    """Return a text that is the same for the same data, folds and metric."""
    digest = hashlib.blake2b(digest_size=8)
    for part in (hash_targets(material.y), material.plan.hash, metric.name, repr(material.X.shape)):
        digest.update(part.encode())
    return digest.hexdigest()


def _finish(
    settings: Settings,
    names: list[str],
    classes: Any,
    material: Material,
    metric: Metric,
    searched: tuple[Study, Search, Space],
    fitters: Fitters,
    held_out: HoldOut | None,
    remarks: list[str],
    begin: float,
) -> Found:
    study, search, space = searched
    n_before = len(remarks)
    until = math.inf if settings.time_s is None else begin + settings.time_s + _GRACE_S
    more = len(material.y) / len(material.plan[0].train) * (1 if held_out is None else 2)
    left_s = until - time.monotonic()
    most_s = left_s * fitters.n_workers / more / 1.2
    members, ensemble = choose_members(search.ranked(), material, metric, most_s)
    fitted, on_search = fit_members(members, material, fitters, until, held_out is not None)
    model, kept = blend_members(members, fitted, material.recipe.n_classes)
    if model is None:
        model, safe = fit_safely(search.ranked(), material)
        kept = [safe]
        remarks.append(_say_why_safe(search, time.monotonic() < until))
    look = None
    tested, _ = blend_members(kept, on_search, material.recipe.n_classes)
    if held_out is not None and tested is not None and len(kept) == len(tested.members):
        look = look_at(tested, held_out, metric, settings.seed % 2**31)
    elif held_out is not None:
        remarks.append("time was up before the model was scored on the rows that were held out")
    for remark in remarks[n_before:]:
        logger.warning("%s", remark)
    return Found(
        settings=settings,
        names=names,
        classes=classes,
        material=material,
        metric=metric,
        space=space,
        study=study,
        tried=[search.tried[number] for number in sorted(search.tried)],
        members=kept,
        ensemble=ensemble,
        model=model,
        look=look,
        predictions=_blend_predictions(kept, material),
        remarks=remarks,
        took_s=time.monotonic() - begin,
    )


def _say_why_safe(search: Search, is_in_time: bool) -> str:
    """Say why the model is one that takes little time, and not the one that was chosen."""
    states = {tried.state for tried in search.tried.values()}
    if "failed" in states and not search.ranked():
        return "no trial was complete, so one small tree is used; leaderboard() says what failed"
    if is_in_time and search.ranked():
        return "the chosen model could not be fitted on all rows, so another one is used"
    return (
        "time was up before the chosen model was fitted, so another one that takes little time is "
        "used; give more time"
    )


def _blend_predictions(members: list[Member], material: Material) -> tuple[Index, Array] | None:
    """Return what the members said out of fold, weighted, for the rows that all know."""
    predictions = [member.tried.predictions for member in members]
    if not predictions or any(one is None for one in predictions):
        return None
    known = np.all([one.known for one in predictions if one is not None], axis=0)
    rows = np.flatnonzero(known)
    each = np.array([one.mean()[rows] for one in predictions if one is not None])
    weights = np.array([member.weight for member in members])
    return material.rows[rows], np.asarray(np.tensordot(weights, each, axes=1))
