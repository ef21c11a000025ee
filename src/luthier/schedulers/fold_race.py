"""FoldRace: a trial goes on through the folds until it cannot well beat the best one."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..history.history import History
from ..numerics.resampling import one_sided_corrected_t
from ..trial.record import Decision, State
from ..typing import Array, Index
from ..validation import check_name, check_real
from .base import Scheduler

_N_COMPLETE = 5  # complete trials from which on the spread of differences is known
_SHRINK = 5  # as many trials as what is expected of any folds counts, beside what was seen of these
_N_ERRORS = 1.3
_P_SAFE = 0.1


class FoldRace(Scheduler):
    """Stops a trial among the folds of a cross-validation, by its differences to the best trial.

    For trials that report each fold's own score as a step, with the same folds in the same order.
    The best is the best complete trial; only folds that both have count, so an easy fold favours
    nobody. A trial that was stopped cannot win.

    "usual" stops when the mean difference over k of K folds is worse than 1.3 standard errors: of
    what it says of the mean over all K. How far means over these very folds were off, and to which
    side, is seen in the complete trials; with few of them it is nearer to what folds in general
    would be off: s sqrt(1/k - 1/K), where s is the standard deviation of the difference to the best
    between folds, the median over the complete trials. Until 5 others are complete, it stops a
    trial whose mean is worse than the worst fold of the best.

    "safe" stops when a corrected t test, one-sided at 10 %, finds the trial worse, from the second
    fold on. It loses the best less often, and saves less.

    Args:
        patience: "usual" or "safe".
        ratio: Rows of a fold that are tested, to those trained on, for the corrected t test; None
            for 1 / (k - 1), as in k-fold cross-validation once.

    Raises:
        ValueError: An argument is out of its range.

    Source: Bergman 2024 (stopping among folds); Nadeau & Bengio 2003 (the corrected test). The
    paired rules are ours: comparing means alone, as Bergman's rules do, lost the best of a search
    in half of the cases, see the benchmark of evaluation.
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
            others = _differences(history, best, folds, best_losses)
            if len(others) < _N_COMPLETE:
                is_worse = bool(shared.mean() > best_losses.max())
            else:
                is_worse = is_behind(others, there, differences)
        return Decision.STOP if is_worse else Decision.CONTINUE


def is_behind(others: Array, here: Index, differences: Array, n_errors: float = _N_ERRORS) -> bool:
    """Whether a mean difference is beyond what it may be off.

    Args:
        others: (m, K) differences of complete trials to the best.
        here: (k,) the folds that are known.
        differences: (k,) in these folds, of the trial that is judged.
        n_errors: How many standard errors it may be off.
    """
    m, n_folds = others.shape
    off = others[:, here].mean(axis=1) - others.mean(axis=1)
    bias = float(np.median(off)) * m / (m + _SHRINK)
    spread = float(np.median(others.std(axis=1, ddof=1)))
    of_any = spread**2 * (1 / len(here) - 1 / n_folds)
    variance = (m * float(np.var(off - bias)) + _SHRINK * of_any) / (m + _SHRINK)
    return bool(differences.mean() - bias > n_errors * math.sqrt(variance))


def _differences(history: History, best: int, folds: Array, best_losses: Array) -> Array:
    """Return the differences to the best (m, K) of the complete trials that have all its folds."""
    counts = (history.state == State.COMPLETE) & ~history.confirming
    counts[best] = False
    number, step = history.report_number, history.report_step
    at = np.minimum(np.searchsorted(folds, step), len(folds) - 1)
    use = counts[number] & (folds[at] == step)

    rows, row = np.unique(number[use], return_inverse=True)
    table = np.full((len(rows), len(folds)), np.nan)
    table[row, at[use]] = history.report_loss[use]
    table = table[np.isfinite(table).all(axis=1)]
    return np.asarray(table - best_losses)
