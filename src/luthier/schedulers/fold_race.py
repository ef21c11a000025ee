"""FoldRace: a trial goes on through the folds until it cannot well beat the best one."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..history.history import History
from ..numerics.resampling import one_sided_corrected_t
from ..trial.record import Decision, State
from ..typing import Array
from ..validation import check_name, check_real
from .base import Scheduler

_N_COMPLETE = 5  # complete trials from which on the spread of differences is known
_P_SAFE = 0.1


class FoldRace(Scheduler):
    """Stops a trial among the folds of a cross-validation, by its differences to the best trial.

    For trials that report each fold's own score as a step, with the same folds in the same order.
    The best is the best complete trial; only folds that both have count, so an easy fold favours
    nobody. A trial that was stopped cannot win.

    "usual" stops when the mean difference over k folds is worse than s / sqrt(k), where s is the
    standard deviation of the difference between two trials in a fold: the median over the complete
    trials, against the best. Until 5 others are complete, it stops a trial whose mean is worse than
    the worst fold of the best.

    "safe" stops when a corrected t test, one-sided at 10 %, finds the trial worse, from the second
    fold on. It loses the best less often, and saves less.

    Args:
        patience: "usual" or "safe".
        ratio: Rows of a fold that are tested, to those trained on, for the corrected t test; None
            for 1 / (k - 1), as in k-fold cross-validation once.

    Raises:
        ValueError: An argument is out of its range.

    Source: Bergman 2024 (stopping among folds); Nadeau & Bengio 2003 (the corrected test). The
    paired rule is ours: comparing means alone, as Bergman's rules do, lost the best of a search in
    half of the cases, see the benchmark of evaluation.
    """

    def __init__(
        self, patience: Literal["usual", "safe"] = "usual", ratio: float | None = None
    ) -> None:
        check_name("patience", patience, ("usual", "safe"))
        self.patience: Literal["usual", "safe"] = patience
        self.ratio = None if ratio is None else check_real("ratio", ratio, 0, above=True)

    def decide(self, history: History, number: int) -> Decision:
        """Stop a trial that is worse than the best on the folds that they share."""
        best = history.best()
        if best is None or best == number:
            return Decision.CONTINUE
        steps, losses = history.reports_of(number)
        folds, best_losses = history.reports_of(best)
        _, here, there = np.intersect1d(steps, folds, assume_unique=True, return_indices=True)
        if not len(here) or len(here) == len(folds) or not np.isfinite(best_losses).all():
            return Decision.CONTINUE
        shared = losses[here]
        if not np.isfinite(shared).all():
            return Decision.STOP
        differences = shared - best_losses[there]
        if self.patience == "safe":
            ratio = self.ratio or 1 / (len(folds) - 1)
            is_worse = one_sided_corrected_t(differences, ratio) < _P_SAFE
        else:
            spreads = _spreads(history, best, folds, best_losses)
            is_worse = _is_worse(spreads, shared, best_losses, differences)
        return Decision.STOP if is_worse else Decision.CONTINUE


def _is_worse(spreads: Array, shared: Array, best_losses: Array, differences: Array) -> bool:
    if len(spreads) < _N_COMPLETE:
        return bool(shared.mean() > best_losses.max())
    spread = float(np.median(spreads))
    return bool(differences.mean() > spread / math.sqrt(len(differences)))


def _spreads(history: History, best: int, folds: Array, best_losses: Array) -> Array:
    """Return the standard deviation, over the folds, of each complete trial's differences to best.

    Of the trials that have all of its folds.
    """
    counts = (history.state == State.COMPLETE) & ~history.confirming
    counts[best] = False
    number, step = history.report_number, history.report_step
    at = np.minimum(np.searchsorted(folds, step), len(folds) - 1)
    use = counts[number] & (folds[at] == step)

    rows, row = np.unique(number[use], return_inverse=True)
    table = np.full((len(rows), len(folds)), np.nan)
    table[row, at[use]] = history.report_loss[use]
    table = table[np.isfinite(table).all(axis=1)]
    return np.asarray((table - best_losses).std(axis=1, ddof=1))
