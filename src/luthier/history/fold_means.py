"""Losses of trials that were stopped among the folds of a cross-validation, as they would compare.

A trial notes by the tag "n_folds" that its value is the mean of its reports, each of another fold.
Stopped after some of them, it has an honest estimate of its value, if a noisier one: models need
not take it for worse than all that was completed.
"""

from __future__ import annotations

import numpy as np

from ..trial.record import State
from ..typing import Array
from .history import History


def estimate_stopped(history: History) -> Array | None:
    """Estimate the losses of trials that were pruned or paused among folds, by the folds they have.

    It is the mean of report minus effect of the fold, where the effect is how far complete trials
    were from their values in that fold, on average. None of them counts as better than the best
    complete trial.

    Args:
        history: All trials.

    Returns:
        (n,) losses of the first objective, NaN for all other trials; None where there are none.
    """
    n_folds = history.n_folds
    if not n_folds.any():
        return None
    stopped = (n_folds > 0) & ((history.state == State.PRUNED) | (history.state == State.PAUSED))
    complete = (n_folds > 0) & (history.state == State.COMPLETE) & ~history.confirming
    finite = complete & np.isfinite(history.losses[:, 0])
    if not stopped.any() or not finite.any():
        return None

    steps, fold = np.unique(history.report_step, return_inverse=True)
    number, loss = history.report_number, history.report_loss
    known = finite[number] & np.isfinite(loss)
    excess = loss[known] - history.losses[number[known], 0]
    effect = _mean_by(fold[known], excess, len(steps))

    told = stopped[number]
    with np.errstate(invalid="ignore"):
        estimate = _mean_by(number[told], (loss - effect[fold])[told], history.n)
    return np.asarray(np.maximum(estimate, history.losses[finite, 0].min()))


def _mean_by(group: Array, x: Array, n_groups: int) -> Array:
    """Return the mean of x in each group (n_groups,); NaN in those without any."""
    count = np.bincount(group, minlength=n_groups)
    total = np.bincount(group, weights=x, minlength=n_groups)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
