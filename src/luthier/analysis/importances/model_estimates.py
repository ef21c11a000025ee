"""Estimates of importances that lean on a model of the loss, and how good that model is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...models.additive_model import AdditiveModel
from ...numerics import forest
from ...space.space import Space
from ...typing import Array, Index
from ..model_quality import ModelQuality, count_needed, forest_quality, measure_quality
from .fanova import find_regimes, first_order, pair_effects
from .half_samples import half_sample_interval
from .local import local_importance
from .shapley import MAX_EXACT, pay_coalitions, shapley_effects, shapley_interactions
from .swaps import (
    N_GROUPS,
    SobolIndices,
    design_swaps,
    estimate_indices,
    estimate_pairs,
    estimate_totals,
)

_MOST_TRIALS = 400  # that a Gaussian process learns from
_MOST_OF_FOREST = 5000  # that a forest does
_N_POINTS = 8192  # at which it is evaluated, for all parameters together
_READ_MORE = 60_000  # columns of points, again, for the parameters that matter most
_MOST_REFINED = 8
_LEAST_REFINED = 0.02  # a total index from which a parameter is one of them
_GROUPS_OF_HALF = N_GROUPS // 2  # at which that of half of the trials is
_MOST_IN_PAIRS = 12  # parameters, of which all pairs are looked at
_LEAST_IN_PAIRS = 0.002  # a total index from which one of them is looked at
_LEAST_POWER = 6  # of two: as many points are in a group
_N_TREES = 64
_MANY = 1000  # trials beyond which half of the trees are enough
_LEAST_IN_LEAF = 3
_GOOD_ENOUGH = 0.5  # R2 of a Gaussian process from which no forest is tried
_N_FOLDS = 5
_N_ASKED = 128  # points at which a process is asked what it does not know


class Sample(NamedTuple):
    """Trials of one objective.

    Attributes:
        space: Of the parameters.
        X: (n, d) unit columns, NaN where inactive.
        y: (n,) finite losses.
        n_choices: (d,) number of choices of a column, 0 for a number.
        most: The largest of the losses, where larger ones were cut down to it; else infinite.
        level: Of the intervals.
        rng: Source of randomness.
    """

    space: Space
    X: Array
    y: Array
    n_choices: Index
    most: float
    level: float
    rng: np.random.Generator

    def rows(self, at: Index) -> Sample:
        """Return some of the trials."""
        return self._replace(X=self.X[at], y=self.y[at])


class Estimate(NamedTuple):
    """What a method found; arrays (d,) hold NaN where it does not say.

    Attributes:
        method: Its name.
        meaning: What the values are; see `Importance.index`.
        value: The importances.
        low: Lower ends of their intervals.
        high: Upper ends.
        first: First-order indices.
        quality: Of the model.
        pairs: Interactions, by columns.
    """

    method: str
    meaning: str
    value: Array
    low: Array
    high: Array
    first: Array
    quality: ModelQuality
    pairs: Mapping[tuple[int, int], float]


def estimate_by(method: str, sample: Sample, interactions: bool) -> Estimate:
    """Return the importances by a method; "auto" takes the model that predicts better."""
    needed = count_needed(sample.space.d)
    nothing = np.zeros(sample.space.d)
    if len(sample.y) < needed or not np.ptp(sample.y):
        quality = ModelQuality(0.0, 0.0, len(sample.y), needed)
        return Estimate(method, "total", nothing, nothing, nothing, nothing, quality, {})
    few = sample.rows(np.sort(sample.rng.permutation(len(sample.y))[:_MOST_OF_FOREST]))
    if method in ("fanova", "shapley"):
        by = by_forest if method == "fanova" else by_shapley
        return by(few, *_grow(few), interactions)
    at = _choose_trials(sample)
    model = AdditiveModel(sample.space, sample.X[at], sample.y[at])
    quality = _judge(model, sample, at)
    if method == "local":
        return by_local(sample, model, quality)
    if method == "auto" and quality.r2 < _GOOD_ENOUGH:
        fitted, other = _grow(few)
        if other.r2 > quality.r2:
            return by_forest(few, fitted, other, interactions)
    return by_process(sample, at, model, quality, interactions)


def _grow(sample: Sample) -> tuple[forest.Forest, ModelQuality]:
    """Return a forest of the trials, and how well it predicts them."""
    fitted = _fit_forest(sample, _count_trees(len(sample.y)))
    return fitted, forest_quality(fitted, sample.X, sample.y)


def _count_trees(n: int) -> int:
    """Return how many trees n trials need: those of many trials differ less."""
    return _N_TREES if n <= _MANY else _N_TREES // 2


def _fit_forest(sample: Sample, n_trees: int) -> forest.Forest:
    return forest.fit(
        sample.X, sample.y, sample.n_choices, sample.rng, n_trees, min_leaf=_LEAST_IN_LEAF
    )


def _choose_trials(sample: Sample) -> Index:
    """Return the trials that a Gaussian process learns from: all, or as many at random."""
    n = len(sample.y)
    return np.sort(sample.rng.permutation(n)[:_MOST_TRIALS])


def _judge(model: AdditiveModel, sample: Sample, at: Index) -> ModelQuality:
    """Return how a model predicts trials that it has not seen, of its own where those are few."""
    needed = count_needed(sample.space.d)
    unseen = np.setdiff1d(np.arange(len(sample.y)), at)[:_MOST_TRIALS]
    if len(unseen) >= _MOST_TRIALS // 2:
        return measure_quality(sample.y[unseen], model.predict(sample.X[unseen]), n_needed=needed)
    quality = measure_quality(*model.left_out(), n_needed=needed)
    if quality.r2 > _GOOD_ENOUGH:
        return quality

    # Hyperparameters that have seen the trials left out make noise look predictable.
    fold = sample.rng.permutation(np.arange(len(at)) % _N_FOLDS)
    predicted = np.empty(len(at))
    for k in range(_N_FOLDS):
        rest = at[fold != k]
        other = AdditiveModel(sample.space, sample.X[rest], sample.y[rest])
        predicted[fold == k] = other.predict(sample.X[at[fold == k]])
    return measure_quality(sample.y[at], predicted, n_needed=needed)._replace(
        coverage=quality.coverage
    )


def by_process(
    sample: Sample, at: Index, model: AdditiveModel, quality: ModelQuality, interactions: bool
) -> Estimate:
    """Return total indices of a Gaussian process, with intervals by halves of its trials."""
    space = sample.space
    design = design_swaps(space, _round_points(_N_POINTS / (space.d + 2)), sample.rng)
    coarse = estimate_indices(design, model.predict_neighbours, sample.most)
    few = design.first_groups(_GROUPS_OF_HALF)

    def of_half(half: Index) -> Array:
        """What changes at some of the points, added to the estimate from all of them."""
        rows = at[half]
        part = AdditiveModel(space, sample.X[rows], sample.y[rows], start=model)
        change = estimate_indices(few, part.predict_neighbours, sample.most).groups
        change -= coarse.groups[:_GROUPS_OF_HALF]
        return np.asarray(indices.total + change.mean(axis=0))

    indices = _refine(coarse, sample, model, len(design.A))
    low = high = np.full(space.d, np.nan)
    if quality.suffices:
        asked = design.A[:_N_ASKED]  # of Sobol's points the first ones are spread evenly
        low, high = half_sample_interval(
            indices.total,
            of_half,
            len(at),
            sample.level,
            sample.rng,
            groups=indices.groups,
            unknown=_share_unknown(model, asked),
        )
    pairs = {}
    if interactions and quality.suffices:
        # What a pair does together is at most the smaller one of its total indices.
        asked_for = _choose_pairs(indices.total, _LEAST_IN_PAIRS)
        pairs = estimate_pairs(design, model.predict_neighbours, asked_for, sample.most)
    return Estimate("gp", "total", indices.total, low, high, indices.first, quality, pairs)


def _refine(indices: SobolIndices, sample: Sample, model: AdditiveModel, n: int) -> SobolIndices:
    """Return the indices with totals from more points of the few parameters that matter most.

    The error of an index is a share of it, so that theirs is most of what few points leave.

    Args:
        indices: From n points.
        sample: Of the model.
        model: Whose indices they are.
        n: Number of points.
    """
    d = len(indices.total)
    largest = np.argsort(-indices.total, kind="stable")[:_MOST_REFINED]
    largest = np.sort(largest[indices.total[largest] > _LEAST_REFINED])
    more = min(_round_points(_READ_MORE / (d + len(largest))), 4 * n)
    if more <= n or 2 * len(largest) > d or not len(largest):
        return indices
    design = design_swaps(sample.space, more, sample.rng, largest.tolist())
    finer = estimate_totals(design, model.predict_neighbours, sample.most)
    total, groups = indices.total.copy(), indices.groups.copy()
    total[largest], groups[:, largest] = finer.mean(axis=0), finer
    return indices._replace(total=total, groups=groups)


def _round_points(n: float) -> int:
    """Return about so many points, of which each group has a power of two, as Sobol's need."""
    return int(N_GROUPS * 2 ** max(round(math.log2(n / N_GROUPS)), _LEAST_POWER))


def _share_unknown(model: AdditiveModel, X: Array) -> float:
    """Return the share of the variance over the space that the model does not know.

    A search leaves much of the space untried; what is there may belong to any parameter.
    """
    unknown = float(model.predict_variance(X).mean())
    total = float(model.predict(X).var()) + unknown
    return unknown / total if total > 0 else 0.0


def _choose_pairs(value: Array, least: float = -math.inf) -> list[tuple[int, int]]:
    """Return the pairs of the columns with the largest values (d,), of which there are few."""
    largest = np.argsort(-value, kind="stable")[:_MOST_IN_PAIRS]
    return list(itertools.combinations(sorted(largest[value[largest] >= least].tolist()), 2))


def by_forest(
    sample: Sample, fitted: forest.Forest, quality: ModelQuality, interactions: bool
) -> Estimate:
    """Return first-order indices of a forest, with intervals by halves of the trials."""
    regimes = find_regimes(sample.space, sample.rng)
    first = first_order(fitted, regimes)
    pairs = pair_effects(fitted, regimes, _choose_pairs(first)) if interactions else {}
    low = high = np.full(len(first), np.nan)
    if quality.suffices:

        def of_half(half: Index) -> Array:
            few = _fit_forest(sample.rows(half), _count_trees(len(sample.y)) // 4)
            return first_order(few, regimes)

        low, high = half_sample_interval(first, of_half, len(sample.y), sample.level, sample.rng)
    return Estimate("fanova", "first order", first, low, high, first, quality, pairs)


def by_local(sample: Sample, model: AdditiveModel, quality: ModelQuality) -> Estimate:
    """Return the shares of the variance around the best trial."""
    value = local_importance(model, sample.space, sample.X[int(np.argmin(sample.y))])
    nan = np.full(len(value), np.nan)
    return Estimate("local", "local", value, nan, nan, nan, quality, {})


def by_shapley(
    sample: Sample, fitted: forest.Forest, quality: ModelQuality, interactions: bool
) -> Estimate:
    """Return Shapley values of the game of variances, on a forest.

    Source: Owen 2014; nu(S) is the variance of the expected loss given the parameters in S.
    """
    space, d = sample.space, sample.space.d
    few = fitted.first(_N_TREES // 4)

    def predict(U: Array) -> Array:
        return forest.predict(few, space.place(U))[0]

    value = shapley_effects(predict, d, sample.rng)
    total = float(value.sum())
    value = value / total if total > 0 else value
    pairs = {}
    if interactions and 1 < d <= MAX_EXACT:
        together = shapley_interactions(pay_coalitions(predict, d, sample.rng))
        pairs = {pair: float(together[pair]) for pair in _choose_pairs(value)}
    nan = np.full(d, np.nan)
    return Estimate("shapley", "Shapley", value, nan, nan, nan, quality, pairs)


def select_pairs(
    pairs: Mapping[tuple[int, int], float], names: Sequence[str]
) -> list[tuple[tuple[str, str], float]]:
    """Return pairs by name, the largest first."""
    by_size = sorted(pairs.items(), key=lambda item: -item[1])
    return [((names[a], names[b]), value) for (a, b), value in by_size]
