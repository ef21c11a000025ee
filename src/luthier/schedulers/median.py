"""Median: a trial goes on while it is in the better half at its step."""

from __future__ import annotations

from typing import final

from ..history.history import History
from .base import Decision, Scheduler
from .percentile import check_settings, decide


@final
class Median(Scheduler):
    """Stops a trial whose best loss so far is worse than the median of the others'.

    The others count with their best by the same step. It is `Percentile` at 50, which says who the
    others are.

    Args:
        n_startup_trials: Number of trials that must be complete before any is stopped.
        n_warmup_steps: Step before which none is stopped.
        interval_steps: A trial is judged at its first report in each interval of so many steps
            after the warm-up.
        n_min_trials: Least number of others to compare with.
        average: Whether the others count with the average of their reports, not with the best; see
            `Percentile`.

    Raises:
        ValueError: An argument is out of its range.

    Source: Golovin 2017 (Vizier) with `average`, Optuna's MedianPruner without. Deviation: as in
    `Percentile`.
    """

    def __init__(
        self,
        n_startup_trials: int = 5,
        n_warmup_steps: float = 0,
        interval_steps: float = 1,
        n_min_trials: int = 1,
        average: bool = False,
    ) -> None:
        check_settings(n_startup_trials, n_warmup_steps, interval_steps, n_min_trials)
        self.n_startup_trials = n_startup_trials
        self.n_warmup_steps = n_warmup_steps
        self.interval_steps = interval_steps
        self.n_min_trials = n_min_trials
        self.average = bool(average)

    def decide(self, history: History, number: int) -> Decision:
        """Stop a trial in the worse half."""
        return decide(
            history,
            number,
            50.0,
            self.n_startup_trials,
            self.n_warmup_steps,
            self.interval_steps,
            self.n_min_trials,
            self.average,
        )
