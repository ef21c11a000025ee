"""The end of a search: what is chosen, its honest score, and the model of all rows."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from ..evaluation.hold_out import HoldOut, Look
from ..evaluation.metrics import Metric, mean_of_rows
from ..terminal import logger
from ..typing import Array
from .blend import make_blend
from .ensemble import Ensemble, choose_ensemble
from .fits import Material, fit_rows
from .fitters import Fitters
from .joint_space import LEARNER
from .learners import READY
from .predictions import score_each, score_predictions
from .search import Tried

LEVEL = 0.9
_N_CANDIDATES = 30
_N_ROWS = 3_000  # by which an ensemble is chosen
_SAFE = "tree"  # the learner that is fitted where no other fit was done in time
_SAFE_ROWS = 10_000
_QUICK_S = 1.0  # of a fit that may run when time is over
_HERE_S = 0.5  # of a fit that runs in this process, because handing it over takes as long


class Member(NamedTuple):
    """A trial that the final model has.

    Attributes:
        tried: The trial.
        weight: Its share.
    """

    tried: Tried
    weight: float


def choose_members(
    ranked: Sequence[Tried], material: Material, metric: Metric, most_s: float
) -> tuple[list[Member], Ensemble | None]:
    """Choose the best trial, or an ensemble where that is really better.

    Args:
        ranked: Complete trials, the best first.
        material: The data.
        metric: What is optimised.
        most_s: How many seconds of fits the final model may take; members that take too long are
            left out.

    Returns:
        The members, those of most weight first, and what was found of the ensemble.
    """
    usable = [one for one in ranked if one.predictions is not None]
    affordable = [one for one in usable if one.fit_s * 1.3 <= most_s]
    usable = affordable or usable[:1]
    if not usable:
        return [Member(one, 1.0) for one in ranked[:1]], None
    best_of = {one.params[LEARNER]: one for one in reversed(usable)}
    top = usable[:_N_CANDIDATES]
    top += [one for one in best_of.values() if one.number not in {t.number for t in top}]
    predictions, y = _gather(top, material)
    n_classes = material.recipe.n_classes

    def loss(rows: Any, predicted: Array) -> float:
        return metric.sign() * score_predictions(metric, y[rows], predicted, n_classes)

    # A root of a mean changes by so much where the mean does, to first order.
    root = loss(slice(None), predictions[0]) if metric.name == "rmse" else 0.5
    slope = 0.5 / root if root > 0 else 1.0

    def each(rows: Any, predicted: Array) -> Array:
        return slope * metric.sign() * score_each(metric, y[rows], predicted, n_classes)

    is_mean = metric.rows is not None and (metric.total is mean_of_rows or metric.name == "rmse")
    found = choose_ensemble(predictions, loss, each if is_mean else None, material.recipe.seed)
    members = [Member(top[i], w) for i, w in enumerate(found.weights) if w > 0]
    members.sort(key=lambda member: -member.weight)
    return _afford(members, most_s), found


def _gather(top: Sequence[Tried], material: Material) -> tuple[Array, Any]:
    """Return predictions (m, k, ...) of candidates for the rows that all of them know, and y."""
    known = np.all([one.predictions.known for one in top if one.predictions is not None], axis=0)
    rows = np.flatnonzero(known)
    if len(rows) > _N_ROWS:
        rng = np.random.default_rng([material.recipe.seed, 5])
        rows = np.sort(rng.choice(rows, _N_ROWS, replace=False))
    predictions = np.array(
        [one.predictions.mean()[rows] for one in top if one.predictions is not None]
    )
    return predictions, material.y[material.rows[rows]]


def _afford(members: list[Member], most_s: float) -> list[Member]:
    """Return the members of most weight whose fits take no longer than that."""
    kept: list[Member] = []
    used_s = 0.0
    for member in members:
        used_s += member.tried.fit_s * 1.3
        if kept and used_s > most_s:
            break
        kept.append(member)
    total = sum(member.weight for member in kept)
    return [Member(member.tried, member.weight / total) for member in kept]


def fit_members(
    members: Sequence[Member],
    material: Material,
    fitters: Fitters,
    until: float,
    is_held_out: bool,
) -> tuple[dict[int, Any], dict[int, Any]]:
    """Fit the members on all rows, then on those of the search.

    Args:
        members: Those of the final model.
        material: The data.
        fitters: What runs the fits.
        until: When fits are ended, by time.monotonic.
        is_held_out: Whether fits on the rows of the search are needed.

    Returns:
        Pipelines by number of trial that were fitted on all rows, and on those of the search.
    """
    more = len(material.y) / len(material.plan[0].train)
    jobs = [(False, member.tried) for member in members]
    jobs += [(True, member.tried) for member in members] if is_held_out else []
    fitted: tuple[dict[int, Any], dict[int, Any]] = ({}, {})
    left = []
    for only_search, tried in jobs:
        if tried.fit_s * more > _HERE_S or time.monotonic() >= until:
            left.append((only_search, tried))
            continue
        try:
            fitted[only_search][tried.number] = fit_rows(material, tried.params, only_search)
        except Exception as e:
            logger.warning("a fit of the final model failed: %s", e)
    _fit_in(fitters, material, left, until, fitted)
    return fitted


def _fit_in(
    fitters: Fitters,
    material: Material,
    jobs: Sequence[tuple[bool, Tried]],
    until: float,
    fitted: tuple[dict[int, Any], dict[int, Any]],
) -> None:
    """Run fits in processes, the first ones first, and put the pipelines into `fitted`."""
    shared = fitters.share(material)
    left = list(reversed(jobs))
    n_missing = len(jobs)
    while n_missing:
        left_s = until - time.monotonic()
        while left and left_s > 0 and fitters.n_running < fitters.n_workers:
            only_search, tried = left.pop()
            key = only_search, tried.number
            fitters.submit(key, left_s, fit_rows, shared, tried.params, only_search)
        if left_s <= 0:
            fitters.drop()
            break
        for done in fitters.wait(left_s):
            if not isinstance(done.key, tuple):
                continue  # a fit of the search that was late
            n_missing -= 1
            if done.error is None:
                only_search, number = done.key
                fitted[only_search][number] = done.result
            else:
                logger.warning("a fit of the final model failed: %s", done.error)


def blend_members(
    members: Sequence[Member], fitted: dict[int, Any], n_classes: int
) -> tuple[Any, list[Member]]:
    """Return the blend of those members that were fitted, and these; None where none was."""
    kept = [member for member in members if member.tried.number in fitted]
    if not kept:
        return None, []
    pipelines = [fitted[member.tried.number] for member in kept]
    total = sum(member.weight for member in kept)
    kept = [Member(member.tried, member.weight / total) for member in kept]
    return make_blend(pipelines, [member.weight for member in kept], n_classes), kept


def fit_safely(ranked: Sequence[Tried], material: Material) -> tuple[Any, Member]:
    """Return a model that takes little time, for want of anything better.

    It is the best trial whose fit takes at most a second, or else one decision tree.

    Args:
        ranked: Complete trials, the best first.
        material: The data.
    """
    more = len(material.y) / len(material.plan[0].train)
    quick = next((one for one in ranked if one.fit_s * more <= _QUICK_S), None)
    n_classes = material.recipe.n_classes
    if quick is not None:
        try:
            model = fit_rows(material, quick.params, False)
            return make_blend([model], [1.0], n_classes), Member(quick, 1.0)
        except Exception as e:
            logger.warning("a fit of the final model failed: %s", e)
    tree = next(one for one in READY if one.name == _SAFE)
    recipe = replace(material.recipe, learners={_SAFE: tree})
    params = {LEARNER: _SAFE, f"{_SAFE}__min_samples_leaf": 5}
    rng = np.random.default_rng(recipe.seed)
    rows = np.sort(rng.permutation(len(material.y))[:_SAFE_ROWS])
    model = fit_rows(material._replace(rows=rows, recipe=recipe), params, True)
    return make_blend([model], [1.0], n_classes), Member(Tried(number=-1, params=params), 1.0)


def expect_on(look: Look, n_rows: int) -> tuple[float, float]:
    """Return the interval in which the score on so many new rows lies.

    The interval of a look says where the true score is; a score on new rows varies by itself.
    """
    wider = math.sqrt(1 + look.n / n_rows)
    return (
        look.value - wider * (look.value - look.low),
        look.value + wider * (look.high - look.value),
    )


def look_at(model: Any, held_out: HoldOut, metric: Metric, seed: int) -> Look:
    """Return the score of a model on the rows that were held out, with its interval."""
    return held_out.look(model, metric, LEVEL, seed)
