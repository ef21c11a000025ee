"""Wilcoxon: a trial goes on until it is significantly worse than the best, fold by fold."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..numerics.stats import wilcoxon_signed_rank
from ..validation import check_real, check_whole
from .base import Decision, Scheduler


class Wilcoxon(Scheduler):
    """Stops a trial that a signed-rank test finds worse than the best complete trial.

    The two are compared on the steps that both reported. For objectives that are a mean over folds
    or problem instances: report each one's value with its index as step, in any order. Steps that
    only one of the two reported are left out. A trial whose mean over the shared steps is no worse
    than the best trial's goes on.

    Testing after every step makes the error of stopping a trial that is no worse larger than
    `p_threshold`.

    Args:
        p_threshold: Stops when the one-sided p-value is below; smaller is more careful.
        n_startup_steps: Number of steps that must be shared; two are needed in any case.

    Raises:
        ValueError: An argument is out of its range.

    Source: Optuna's WilcoxonPruner; Wilcoxon 1945, zeros as in Pratt 1959. Deviation: means are
    compared over the shared steps, so a best trial with easier steps of its own has no advantage; a
    loss that is not finite counts as larger than any other, where Optuna gives up pruning; a
    difference of zero counts for neither side, not half for each.
    """

    def __init__(self, p_threshold: float = 0.1, n_startup_steps: int = 2) -> None:
        check_real("p_threshold", p_threshold, 0, 1)
        check_whole("n_startup_steps", n_startup_steps, 0)
        self.p_threshold = p_threshold
        self.n_startup_steps = n_startup_steps

    def decide(self, history: History, number: int) -> Decision:
        """Stop a trial that is significantly worse than the best on the steps they share."""
        best = history.best()
        if best is None or best == number:
            return Decision.CONTINUE
        steps, losses = history.reports_of(number)
        best_steps, best_losses = history.reports_of(best)
        _, here, there = np.intersect1d(steps, best_steps, assume_unique=True, return_indices=True)
        if len(here) < max(2, self.n_startup_steps):
            return Decision.CONTINUE
        x = losses[here]
        y = best_losses[there]
        x = np.where(np.isfinite(x), x, np.inf)
        y = np.where(np.isfinite(y), y, np.inf)
        with np.errstate(over="ignore", invalid="ignore"):
            if x.mean() <= y.mean():
                return Decision.CONTINUE
            difference = np.where(x == y, 0, x - y)
        # The test uses only the order of the sizes, and wants finite ones.
        size = np.unique(np.abs(difference), return_inverse=True)[1] + 1
        p = wilcoxon_signed_rank(np.sign(difference) * size, alternative="greater")
        return Decision.STOP if p < self.p_threshold else Decision.CONTINUE
