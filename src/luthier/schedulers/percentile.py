"""Percentile: a trial goes on while it is among the best few per cent at its step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..history.history import History
from ..history.rungs import WORST, replace_non_finite
from ..numerics.pareto import fronts
from ..trial.record import State
from ..typing import Array, Mask
from ..validation import check_real, check_whole
from .base import Decision, Scheduler, is_due

_N_BLOCK = 32_768  # rows of reports computed at once, so that they stay in the cache


class Percentile(Scheduler):
    """Stops a trial whose best loss so far is worse than a percentile of the others'.

    The others count with their best by the same step. They are all trials but failed ones that have
    come as far, whatever became of them since, and those that completed earlier, each with its best
    report up to that step. So steps need not be the same, and no trial loses for having reported
    less.

    With several objectives each counts with its latest report up to that step, and what is compared
    is the front on which it lies among them: 0 where no other beats it in all objectives, 1 where
    only those of 0 do, and so on.

    Args:
        percentile: Share that goes on, in per cent: 25 keeps the best quarter at each step.
        n_startup_trials: Number of trials that must be complete before any is stopped.
        n_warmup_steps: Step before which none is stopped.
        interval_steps: A trial is judged at its first report in each interval of so many steps
            after the warm-up.
        n_min_trials: Least number of others to compare with.
        average: Whether the others count with the average of their reports up to the step, not with
            the best of them: a bar that is easier to pass, and steadier where values are noisy. One
            objective only.

    Raises:
        ValueError: An argument is out of its range.

    Source: Golovin 2017 (Vizier) with `average`, Optuna's PercentilePruner without. Deviation: the
    others include pruned and running trials, since the survivors alone make a bar that rises with
    every trial that passes it; they count with their best up to the step, as the trial itself does,
    not with what they reported at exactly that step; and NaN is the worst loss, not a missing one.
    """

    def __init__(
        self,
        percentile: float = 25.0,
        n_startup_trials: int = 5,
        n_warmup_steps: float = 0,
        interval_steps: float = 1,
        n_min_trials: int = 1,
        average: bool = False,
    ) -> None:
        check_real("percentile", percentile, 0, 100)
        check_settings(n_startup_trials, n_warmup_steps, interval_steps, n_min_trials)
        self.percentile = percentile
        self.n_startup_trials = n_startup_trials
        self.n_warmup_steps = n_warmup_steps
        self.interval_steps = interval_steps
        self.n_min_trials = n_min_trials
        self.average = bool(average)

    def decide(self, history: History, number: int) -> Decision:
        """Stop a trial that is not among the best `percentile` per cent."""
        return decide(
            history,
            number,
            self.percentile,
            self.n_startup_trials,
            self.n_warmup_steps,
            self.interval_steps,
            self.n_min_trials,
            self.average,
        )


def check_settings(
    n_startup_trials: int, n_warmup_steps: float, interval_steps: float, n_min_trials: int
) -> None:
    """Raise ValueError when one of them is out of its range."""
    check_whole("n_startup_trials", n_startup_trials, 0)
    check_real("n_warmup_steps", n_warmup_steps, 0)
    check_real("interval_steps", interval_steps, 0, above=True)
    check_whole("n_min_trials", n_min_trials, 1)


def decide(
    history: History,
    number: int,
    percentile: float,
    n_startup_trials: int,
    n_warmup_steps: float,
    interval_steps: float,
    n_min_trials: int,
    average: bool,
) -> Decision:
    """Decide for trial `number` by the settings of `Percentile`, which explains them."""
    steps, losses = history.reports_of(number)
    if (
        not is_due(steps, n_warmup_steps, interval_steps)
        or np.count_nonzero(history.state == State.COMPLETE) < n_startup_trials
    ):
        return Decision.CONTINUE

    # The others: all that have come as far, or that completed earlier.
    comparable = (history.last_step >= steps[-1]) | (history.state == State.COMPLETE)
    comparable &= history.state != State.FAILED
    comparable[number] = True
    if len(history.directions) > 1:
        others = fronts_by(history, float(steps[-1]), comparable)
        losses = others[[number]]
    else:
        others = (average_by if average else best_by)(history, float(steps[-1]))
    comparable &= others < np.inf
    comparable[number] = False
    if np.count_nonzero(comparable) < n_min_trials:
        return Decision.CONTINUE

    # Halves, so that their differences cannot overflow.
    half_bar = np.percentile(others[comparable] / 2, percentile)
    return Decision.STOP if replace_non_finite(losses).min() / 2 > half_bar else Decision.CONTINUE


def fronts_by(history: History, step: float, among: Mask) -> Array:
    """Front (n,) of each trial's latest report up to a step, among some of the trials.

    It is infinite where a trial has no report by then, or is not among them.

    Args:
        history: All trials and all reports so far.
        step: The step.
        among: (n,) the trials that are compared.
    """
    latest = np.full((history.n, len(history.directions)), np.nan)
    by = np.flatnonzero(history.report_step <= step)
    by = by[np.argsort(history.report_step[by], kind="stable")]
    # Of several reports of one trial the last stays.
    latest[history.report_number[by]] = replace_non_finite(history.report_losses[by])
    there = ~np.isnan(latest[:, 0]) & among
    front = np.full(history.n, np.inf)
    front[there] = fronts(latest[there])
    return front


def best_by(history: History, step: float) -> Array:
    """Best loss (n,) of each trial up to a step, finite.

    It is infinite where a trial has not reported by then.
    """
    best = np.full(history.n, np.inf)
    losses = history.report_loss
    for block in _row_blocks(history.n_reports):
        number = history.report_number[block]
        loss = losses[block]
        by = history.report_step[block] <= step
        if not by.all():
            number, loss = number[by], loss[by]
        np.minimum.at(best, number, replace_non_finite(loss))
    return best


def average_by(history: History, step: float) -> Array:
    """Average (n,) of each trial's losses up to a step, finite.

    It is infinite where a trial has not reported by then.
    """
    total = np.zeros(history.n)
    count = np.zeros(history.n)
    losses = history.report_loss
    for block in _row_blocks(history.n_reports):
        by = history.report_step[block] <= step
        number = history.report_number[block][by]
        loss = replace_non_finite(losses[block][by])
        count += np.bincount(number, minlength=history.n)
        # A small share of each, so that sums of the largest cannot overflow.
        total += np.bincount(number, loss / 2**20, minlength=history.n)
    average = np.full(history.n, np.inf)
    there = count > 0
    average[there] = np.minimum(total[there] / count[there], WORST / 2**20) * 2**20
    return average


def _row_blocks(n: int) -> Iterator[slice]:
    """Slices that cover n rows, each small enough for the processor's cache."""
    return (slice(begin, begin + _N_BLOCK) for begin in range(0, n, _N_BLOCK))
