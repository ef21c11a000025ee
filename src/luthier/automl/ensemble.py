"""Ensembles by greedy selection, used only where what they gain is real.

Notation: m candidates, n rows; predictions (m, n, c) probabilities or (m, n) numbers, out of fold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from ..numerics.stats import paired_bootstrap_interval
from ..typing import Array, Index

N_STEPS = 25
_N_PARTS = 5  # of the rows, for the test of the gain
_LEVEL = 0.8  # of the interval of the gain, so that one end is at 10 %
_MOST_MEMBERS = 8
_N_RESAMPLES = 1_000

Loss = Callable[[Any, Array], float]
"""From rows (k,) and predictions of these rows to a loss."""


class Ensemble(msgspec.Struct, frozen=True, kw_only=True):
    """A weighted mean of candidates, or the best of them alone.

    Attributes:
        weights: (m,) weights of the candidates, which sum to 1.
        gain: By how much the ensemble's loss is below that of the best candidate, measured on rows
            by which neither was chosen.
        low: Lower end of the interval of the gain.
        high: Its upper end.
        is_used: Whether the gain is real, so that several candidates have a weight.
    """

    weights: tuple[float, ...]
    gain: float
    low: float
    high: float
    is_used: bool


def select_greedily(predictions: Array, rows: Index, loss: Loss, n_steps: int = N_STEPS) -> Array:
    """Return weights (m,) of candidates by forward selection with replacement.

    Begins with the best candidate; each step adds the one that makes the mean best, and the best
    mean of all steps is taken.

    Args:
        predictions: Predictions of all rows.
        rows: (k,) those by which candidates are chosen.
        loss: Of predictions of rows.
        n_steps: How many steps.

    Source: Caruana 2004, "Ensemble selection from libraries of models", sections 2.1 and 2.2.
    Deviation: one bag of all candidates.
    """
    seen = predictions[:, rows]
    m = len(predictions)
    counts = np.zeros(m)
    total = np.zeros(seen.shape[1:])
    best_loss, best_counts = np.inf, counts
    for step in range(1, n_steps + 1):
        losses = [loss(rows, (total + seen[i]) / step) for i in range(m)]
        chosen = int(np.argmin(losses))
        total = total + seen[chosen]
        counts[chosen] += 1
        if losses[chosen] < best_loss - 1e-12:
            best_loss, best_counts = losses[chosen], counts.copy()
    weights = best_counts
    if (weights > 0).sum() > _MOST_MEMBERS:
        weights = np.where(weights >= np.sort(weights)[-_MOST_MEMBERS], weights, 0.0)
        surplus = np.flatnonzero(weights)[_MOST_MEMBERS:]
        weights[surplus] = 0.0
    return np.asarray(weights / weights.sum())


def weigh(predictions: Array, weights: Array) -> Array:
    """Return the weighted mean (n, c) or (n,) of predictions."""
    return np.asarray(np.tensordot(weights, predictions, axes=1))


def choose_ensemble(
    predictions: Array,
    loss: Loss,
    each: Callable[[Any, Array], Array] | None,
    seed: int = 0,
) -> Ensemble:
    """Choose between the best candidate and an ensemble.

    The gain is measured on parts of the rows: both are chosen by the other parts. The ensemble is
    used where the interval of the gain, paired row by row, is above 0.

    Args:
        predictions: Predictions of all candidates.
        loss: Of predictions of rows.
        each: Loss of each row, whose mean the loss follows; None where there is no such thing: then
            the gain of each part counts as one value.
        seed: Of parts and bootstrap.
    """
    m, n = predictions.shape[:2]
    rng = np.random.default_rng([seed, 7])
    every = np.arange(n)
    alone = np.zeros(m)
    alone[int(np.argmin([loss(every, predictions[i]) for i in range(m)]))] = 1.0
    if m == 1 or n < 2 * _N_PARTS:
        return _alone(alone)
    part = rng.permutation(n) % _N_PARTS
    differences, gains = [], []
    for i in range(_N_PARTS):
        rest, here = np.flatnonzero(part != i), np.flatnonzero(part == i)
        best = int(np.argmin([loss(rest, predictions[j, rest]) for j in range(m)]))
        mean = weigh(predictions[:, here], select_greedily(predictions, rest, loss))
        if each is not None:
            differences.append(each(here, predictions[best, here]) - each(here, mean))
        gains.append(loss(here, predictions[best, here]) - loss(here, mean))
    values = np.concatenate(differences) if differences else np.array(gains)
    if np.ptp(values) == 0:
        return _alone(alone)
    low, high = paired_bootstrap_interval(values, np.zeros(len(values)), rng, _LEVEL, _N_RESAMPLES)
    gain = float(np.mean(gains))
    is_used = low > 0 and gain > 0
    weights = select_greedily(predictions, every, loss) if is_used else alone
    is_used = bool(is_used and (weights > 0).sum() > 1)
    return Ensemble(weights=tuple(weights.tolist()), gain=gain, low=low, high=high, is_used=is_used)


def _alone(weights: Array) -> Ensemble:
    return Ensemble(weights=tuple(weights.tolist()), gain=0.0, low=0.0, high=0.0, is_used=False)
