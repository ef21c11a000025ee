"""Estimates of importances that lean on a model of the loss, and how good that model is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from ...models.additive_model import AdditiveModel
from ...numerics import forest
from ...space.space import Space
from ...typing import Array, Index, Mask
from ..model_quality import ModelQuality, count_needed, forest_quality, measure_quality
from .fanova import decompose, find_regimes
from .half_samples import half_sample_interval, standard_error
from .local import local_importance
from .shapley import MAX_EXACT, estimate_shapley, shapley_interactions, shapley_values
from .swaps import N_GROUPS, design_swaps, estimate_indices

_MOST_TRIALS = 400  # that a Gaussian process learns from
_MOST_OF_FOREST = 5000  # that a forest does
_N_POINTS = 8192  # at which it is evaluated, for all parameters together
_GROUPS_OF_HALF = N_GROUPS // 2  # at which that of half of the trials is
_MOST_IN_PAIRS = 12  # parameters, of which all pairs are looked at
_N_TREES = 64
_N_DRAWS = 1024  # for each coalition
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
        quality = forest_quality(few.X, few.y, few.n_choices, few.rng)
        by = by_forest if method == "fanova" else by_shapley
        return by(few, quality, interactions)
    at = _choose_trials(sample)
    model = AdditiveModel(sample.space, sample.X[at], sample.y[at])
    quality = _judge(model, sample, at)
    if method == "local":
        return by_local(sample, model, quality)
    if method == "auto" and quality.r2 < _GOOD_ENOUGH:
        other = forest_quality(few.X, few.y, few.n_choices, few.rng)
        if other.r2 > quality.r2:
            return by_forest(few, other, interactions)
    return by_process(sample, at, model, quality, interactions)


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
    n_points = max(64, _N_POINTS // (space.d + 2) // N_GROUPS) * N_GROUPS
    design = design_swaps(space, n_points, sample.rng)
    indices = estimate_indices(design, model.predict_neighbours, sample.most)

    few = design.first_groups(_GROUPS_OF_HALF)

    def of_half(half: Index) -> Array:
        """What changes at some of the points, added to the estimate from all of them."""
        rows = at[half]
        part = AdditiveModel(space, sample.X[rows], sample.y[rows], start=model)
        change = estimate_indices(few, part.predict_neighbours, sample.most).groups
        change -= indices.groups[:_GROUPS_OF_HALF]
        return np.asarray(indices.total + change.mean(axis=0))

    low = high = np.full(space.d, np.nan)
    if quality.suffices:
        asked = design.A[:: max(1, n_points // _N_ASKED)]
        error = np.hypot(standard_error(indices.groups), _share_unknown(model, asked))
        low, high = half_sample_interval(
            indices.total, error, of_half, len(at), sample.level, sample.rng
        )
    pairs = {}
    if interactions and quality.suffices:
        pairs = _process_pairs(sample, model, indices.total)
    return Estimate("gp", "total", indices.total, low, high, indices.first, quality, pairs)


def _share_unknown(model: AdditiveModel, X: Array) -> float:
    """Return the share of the variance over the space that the model does not know.

    A search leaves much of the space untried; what is there may belong to any parameter.
    """
    unknown = float(model.predict_variance(X).mean())
    total = float(model.predict(X).var()) + unknown
    return unknown / total if total > 0 else 0.0


def _process_pairs(
    sample: Sample, model: AdditiveModel, total: Array
) -> dict[tuple[int, int], float]:
    """Return the interactions of pairs by a forest that has learned the process's mean.

    Its points are uniform in the space, so that no region is missing.
    """
    X = sample.space.sample(sample.rng, 2048)
    y = np.minimum(model.predict(X), sample.most)
    fitted = forest.fit(X, y, sample.n_choices, sample.rng, _N_TREES // 4, min_leaf=3)
    return decompose(fitted, find_regimes(sample.space, sample.rng), _choose_pairs(total)).pairs


def _choose_pairs(value: Array) -> list[tuple[int, int]]:
    """Return the pairs of the columns with the largest values (d,), of which there are few."""
    largest = np.argsort(-value, kind="stable")[:_MOST_IN_PAIRS]
    return list(itertools.combinations(sorted(largest.tolist()), 2))


def by_forest(sample: Sample, quality: ModelQuality, interactions: bool) -> Estimate:
    """Return first-order indices of a forest, with intervals by halves of the trials."""
    regimes = find_regimes(sample.space, sample.rng)

    def first(part: Sample, n_trees: int, pairs: list[tuple[int, int]]) -> Estimate:
        fitted = forest.fit(part.X, part.y, part.n_choices, part.rng, n_trees, min_leaf=3)
        found = decompose(fitted, regimes, pairs)
        nan = np.full(len(found.first), np.nan)
        return Estimate(
            "fanova", "first order", found.first, nan, nan, found.first, quality, found.pairs
        )

    estimate = first(sample, _N_TREES, [])
    if interactions:
        pairs = first(sample, _N_TREES // 4, _choose_pairs(estimate.value)).pairs
        estimate = estimate._replace(pairs=pairs)
    if not quality.suffices:
        return estimate
    low, high = half_sample_interval(
        estimate.value,
        np.zeros(len(estimate.value)),
        lambda half: first(sample.rows(half), _N_TREES // 4, []).value,
        len(sample.y),
        sample.level,
        sample.rng,
    )
    return estimate._replace(low=low, high=high)


def by_local(sample: Sample, model: AdditiveModel, quality: ModelQuality) -> Estimate:
    """Return the shares of the variance around the best trial."""
    value = local_importance(model, sample.space, sample.X[int(np.argmin(sample.y))])
    nan = np.full(len(value), np.nan)
    return Estimate("local", "local", value, nan, nan, nan, quality, {})


def by_shapley(sample: Sample, quality: ModelQuality, interactions: bool) -> Estimate:
    """Return Shapley values of the game of variances, on a forest.

    Source: Owen 2014; nu(S) is the variance of the expected loss given the parameters in S.
    """
    space, d = sample.space, sample.space.d
    fitted = forest.fit(sample.X, sample.y, sample.n_choices, sample.rng, _N_TREES // 4, min_leaf=3)
    A, B = sample.rng.random((2, _N_DRAWS, d))
    f_A = forest.predict(fitted, space.place(A.copy()))[0]
    pay = partial(_explained, space, fitted, A, B, f_A)

    pairs = {}
    if d <= MAX_EXACT:
        coalitions = (np.arange(1 << d)[:, None] >> np.arange(d) & 1).astype(bool)
        payoff = np.array([pay(in_it) for in_it in coalitions])
        value = shapley_values(payoff)
        if interactions and d > 1:
            together = shapley_interactions(payoff) / (payoff[-1] - payoff[0])
            pairs = {pair: float(together[pair]) for pair in _choose_pairs(value)}
    else:
        value = estimate_shapley(pay, d, sample.rng)
    total = float(value.sum())
    nan = np.full(d, np.nan)
    value = value / total if total > 0 else value
    return Estimate("shapley", "Shapley", value, nan, nan, nan, quality, pairs)


def _explained(
    space: Space, fitted: forest.Forest, A: Array, B: Array, f_A: Array, in_it: Mask
) -> float:
    """Return the covariance of losses at points that share some parameters."""
    mixed = space.place(np.where(in_it, A, B))
    f = forest.predict(fitted, mixed)[0]
    return float(((f_A - f_A.mean()) * (f - f.mean())).mean())


def select_pairs(
    pairs: Mapping[tuple[int, int], float], names: Sequence[str]
) -> list[tuple[tuple[str, str], float]]:
    """Return pairs by name, the largest first."""
    by_size = sorted(pairs.items(), key=lambda item: -item[1])
    return [((names[a], names[b]), value) for (a, b), value in by_size]
