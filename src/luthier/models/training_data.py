"""Training data of models: finished trials as arrays, and transforms of their losses.

Notation: n trials in the history, k of them observed, d unit columns, m objectives. Losses are
values with the sign changed where the user maximises, so smaller is always better.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..history.fold_means import estimate_stopped
from ..history.history import History
from ..numerics.gp import Inputs
from ..numerics.warping import half_rank, log_warp, rank_outliers, standardise
from ..space.space import Space
from ..trial.record import State
from ..typing import Array, Index, Mask

_LARGEST_RANGE = 1e300  # so that half of a range, added to a loss, does not overflow
_FARTHEST = 1e3  # median sizes of a constraint, beyond which its values count alike


class InputEncoder:
    """Turns unit columns of a space into the inputs of a kernel.

    Constants are left out. An inactive number gets the middle of its range, an inactive category
    is one more category: the parent parameter already says that it was switched off. A kernel on
    points that are completed like this is positive definite, which a kernel with a fixed distance
    to inactive points is not.

    Args:
        space: Whose unit columns are encoded.

    Attributes:
        numbers: (p,) columns that a kernel sees as numbers.
        categories: (q,) columns that a kernel sees as categories.
        all: (d,) both, the numbers first.
    """

    def __init__(self, space: Space) -> None:
        varying = [j for j, p in enumerate(space.dists) if p.n_values != 1]
        self.numbers = np.array([j for j in varying if j not in space.unordered], dtype=np.int64)
        self.categories = np.array([j for j in varying if j in space.unordered], dtype=np.int64)
        self.all = np.concatenate([self.numbers, self.categories])

    @property
    def d(self) -> int:
        """Number of columns that a kernel sees."""
        return len(self.all)

    def encode(self, X: Array) -> Inputs:
        """Return unit columns (n, d) as the inputs of a kernel."""
        N = X[:, self.numbers]
        C = X[:, self.categories]
        return Inputs(np.where(np.isnan(N), 0.5, N), np.where(np.isnan(C), -1.0, C))


class ObservedLosses(NamedTuple):
    """Finished trials of a study with one objective.

    Attributes:
        number: (k,) numbers of the trials, ascending.
        loss: (k,) finite. Complete trials keep their loss; pruned trials follow the worst of these,
            by the step they reached and the loss there; failed trials lie half the range beyond.
            Trials that were pruned among folds have the estimate of `estimate_stopped`.
    """

    number: Index
    loss: Array


def collect_losses(history: History) -> ObservedLosses:
    """Return the trials that a model of one objective can learn from.

    Trials that do not fit the space are left out, and failures that say nothing of their params.
    """
    state = history.state
    complete = (state == State.COMPLETE) & history.fits
    finished = np.flatnonzero(history.has_result & history.fits & ~history.unblamed)

    loss = np.where(complete, history.losses[:, 0], np.nan)
    finite = loss[np.isfinite(loss)]
    if not len(finite):
        return ObservedLosses(finished[:0], np.empty(0))

    low = float(finite.min())
    high = float(finite.max())
    span = _positive_range(low, high)
    loss = np.clip(loss, low, high)  # infinities count as the best and the worst there is

    pruned = finished[(state[finished] != State.COMPLETE) & (state[finished] != State.FAILED)]
    if len(pruned):
        best_first = np.lexsort((history.last_loss[pruned], -history.last_step[pruned]))
        pruned = pruned[best_first]
        loss[pruned] = high + 0.25 * span * np.arange(1, len(pruned) + 1) / len(pruned)
        estimates = estimate_stopped(history)
        if estimates is not None:
            known = pruned[np.isfinite(estimates[pruned])]
            loss[known] = np.minimum(estimates[known], high + 0.5 * span)
    loss[finished[state[finished] == State.FAILED]] = high + 0.5 * span
    return ObservedLosses(finished, loss[finished])


def _positive_range(low: float, high: float) -> float:
    """Return high - low, or a range that fits the size of the losses where they are all equal."""
    return min(high - low, _LARGEST_RANGE) or max(abs(high), 1.0)


class ObservedObjectives(NamedTuple):
    """Finished trials of a study with any number of objectives.

    Attributes:
        number: (k,) numbers of the trials, ascending.
        losses: (k, m) finite.
        improvable: (k,) trials whose losses can be improved on: complete ones that satisfy all
            constraints. With one objective and no constraint, all trials.
    """

    number: Index
    losses: Array
    improvable: Mask


def collect_objectives(history: History) -> ObservedObjectives:
    """Return the trials that models of all objectives can learn from.

    Trials that do not fit the space are left out, and failures that say nothing of their params. So
    are failed trials with a constraint: those are for the models of the constraints. For one
    objective see `collect_losses`. For several, infinities count as the best and the worst there
    is. A pruned trial counts with its last report, but neither better than the median of the
    complete trials nor worse than their worst. Without a report it counts half the range beyond the
    worst, like a failed trial.
    """
    state = history.state
    if len(history.directions) == 1:
        number, loss = collect_losses(history)
        losses = loss[:, None]
        improvable = np.ones(len(number), dtype=bool)
    else:
        number, losses = _collect_several(history)
        improvable = state[number] == State.COMPLETE

    if history.constraint_names:
        unexplained = np.isnan(history.constraints[number]).all(axis=1)
        use = (state[number] != State.FAILED) | unexplained
        number = number[use]
        losses = losses[use]
        improvable = improvable[use] & (state[number] == State.COMPLETE) & history.feasible[number]
    return ObservedObjectives(number, losses, improvable)


def _collect_several(history: History) -> tuple[Index, Array]:
    """Return numbers (k,) and losses (k, m) of finished trials; see `collect_objectives`."""
    state = history.state
    fits = history.fits
    complete = (state == State.COMPLETE) & fits & ~np.isnan(history.losses).any(axis=1)
    others = history.has_result & fits & (state != State.COMPLETE) & ~history.unblamed
    finished = np.flatnonzero(complete | others)
    if not complete.any():
        return finished[:0], np.empty((0, len(history.directions)))

    # The last report of each trial: of several writes to one row the last one stays.
    reported = np.full(history.losses.shape, np.nan)
    by_step = np.argsort(history.report_step, kind="stable")
    reported[history.report_number[by_step]] = history.report_losses[by_step]

    losses = history.losses.copy()
    for j, loss in enumerate(losses.T):
        finite = loss[complete & np.isfinite(loss)]
        low = float(finite.min()) if len(finite) else 0.0
        high = float(finite.max()) if len(finite) else 0.0
        beyond = high + 0.5 * _positive_range(low, high)
        loss[complete] = np.clip(loss[complete], low, high)

        median = float(np.sort(loss[complete])[(complete.sum() - 1) // 2])
        last = reported[:, j]
        partial = np.where(np.isfinite(last), np.clip(last, median, high), beyond)
        loss[~complete] = np.where(state == State.FAILED, beyond, partial)[~complete]
    return finished, losses[finished]


class ObservedConstraint(NamedTuple):
    """Trials that reported one constraint.

    Attributes:
        number: (k,) numbers of the trials, ascending.
        value: (k,) finite; satisfied where it is at most 0.
    """

    number: Index
    value: Array


def collect_constraints(history: History) -> dict[str, ObservedConstraint]:
    """Return the complete and failed trials that reported each constraint, by its name.

    Trials that do not fit the space are left out, and failures that say nothing of their params.
    Infinities count as the largest and the smallest value there is. A constraint whose value is
    always the same, and satisfied, is left out.
    """
    state = history.state
    failed = (state == State.FAILED) & ~history.unblamed
    ended = history.fits & ((state == State.COMPLETE) | failed)
    observed = {}
    for name, column in zip(history.constraint_names, history.constraints.T, strict=True):
        number = np.flatnonzero(ended & ~np.isnan(column))
        value = column[number]
        finite = value[np.isfinite(value)]
        if len(finite) < len(value):
            value = np.clip(value, finite.min(initial=-1.0), finite.max(initial=1.0))
        if len(value) and (value.max() > 0 or value.min() < value.max()):
            observed[name] = ObservedConstraint(number, value)
    return observed


def transform_loss(y: Array) -> Array:
    """Return losses (n,) as a model learns them: mean 0 and variance 1.

    Beyond the median only ranks count; near the best the scale is stretched.

    Source: Song 2024 (the output warps of Vizier).
    """
    return standardise(log_warp(half_rank(y)))


def transform_multi_objective_loss(y: Array) -> Array:
    """Return losses (n,) in one of several objectives as a model learns them.

    Mean 0 and variance 1; near the best the scale is stretched. What is bad in one objective may be
    the best in another, so ranks replace only outliers; see `rank_outliers`.
    """
    return standardise(log_warp(rank_outliers(y)))


def asinh_compress(value: Array) -> Array:
    """Return values (k,) of a constraint without far tails: asinh(value / median size).

    0 stays 0. A value beyond 1,000 median sizes counts as 1,000 median sizes.
    """
    half_size = np.abs(value[value != 0]) / 2  # halves: the mean of two cannot overflow
    if not len(half_size):
        return value
    unit = max(float(np.median(half_size)), 1e-300)
    with np.errstate(over="ignore"):
        return np.arcsinh(np.clip(value / 2 / unit, -_FARTHEST, _FARTHEST))


def standardise_constraint(value: Array) -> Array:
    """Return values (k,) of a constraint as a model learns them: compressed, mean 0, variance 1."""
    return standardise(asinh_compress(value))


def constraint_threshold(value: Array) -> float:
    """Return what 0 becomes when `standardise_constraint` transforms values (k,).

    Where all values are the same it lies 1 away from them.
    """
    y = asinh_compress(value)
    spread = float(y.std())
    mean = float(y.mean())
    if not standardise_constraint(value).any():
        return -math.copysign(1.0, mean)
    return -mean / spread
