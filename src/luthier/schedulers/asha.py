"""ASHA: a trial goes on from rung to rung while it is in the best third of those that have got there."""

from __future__ import annotations

import numpy as np

from ..distributions import Array
from ..history import History
from ..trial import State
from .base import Decision, Scheduler
from .rules import check_real, check_whole, parts, ranked


class ASHA(Scheduler):
    """Asynchronous successive halving, in the form that stops trials and never pauses them.

    Rungs stand at min_resource · reduction_factor^k. A trial counts at a rung with the loss of its first report at or
    beyond it; one that completed before counts there with its last report; failed trials count nowhere. The report
    with which a trial reaches a rung decides: it goes on if its rank among the n trials counted there is at most
    max(1, n / reduction_factor), equals ranked by trial number. A report that passes several rungs is judged at the
    last of them. Reports between rungs decide nothing, so ask after each one.

    Args:
        min_resource: The first rung, in steps. Too low, and ranks there mean little.
        max_resource: The step at which trials end, where nobody is stopped any more; None if there is no such step.
        reduction_factor: One in so many goes on.
        n_min: How many trials must be counted at a rung before one is stopped there.

    Raises:
        ValueError: An argument is out of its range.

    Source: Li 2020, algorithm 2. Deviation: a trial is stopped rather than paused until promoted, as in Syne Tune and
    Ray Tune; so the first at a rung goes on, and nobody who was stopped comes back when the bar falls.
    """

    def __init__(
        self, min_resource: float = 1, max_resource: float | None = None, reduction_factor: float = 3, n_min: int = 1
    ) -> None:
        check_real("min_resource", min_resource, 0, above=True)
        if max_resource is not None:
            check_real("max_resource", max_resource, min_resource, above=True)
        check_real("reduction_factor", reduction_factor, 1, above=True)
        check_whole("n_min", n_min, 1)
        self.min_resource, self.max_resource = min_resource, max_resource
        self.reduction_factor, self.n_min = reduction_factor, n_min

    def decide(self, history: History, number: int) -> Decision:
        """Decides at the first report on or past a rung; any other report goes on."""
        steps = history.reports_of(number)[0]
        if not len(steps):
            return Decision.CONTINUE
        rung = self._rung(float(steps[-1]))
        if rung is None or (len(steps) > 1 and steps[-2] >= rung):
            return Decision.CONTINUE
        losses = losses_at(history, rung)
        own = losses[number]
        n = np.count_nonzero(losses < np.inf)
        rank = 1 + np.count_nonzero(losses < own) + np.count_nonzero(losses[:number] == own)
        good = n < self.n_min or rank <= max(1, n / self.reduction_factor)
        return Decision.CONTINUE if good else Decision.STOP

    def _rung(self, step: float) -> float | None:
        """The last rung at or before a step; None before the first and from max_resource on."""
        if step < self.min_resource or (self.max_resource is not None and step >= self.max_resource):
            return None
        k = 0
        while self.min_resource * self.reduction_factor ** (k + 1) <= step:
            k += 1
        return self.min_resource * self.reduction_factor**k


def losses_at(history: History, rung: float) -> Array:
    """(n,) the loss with which each trial counts at a rung, comparable; infinite where it does not count."""
    row = np.full(history.n, -1)
    on = np.flatnonzero(history.report_step == rung)
    row[history.report_number[on]] = on
    for bound in (2 * rung, np.inf):  # the first report beyond is rarely far
        skipped = (history.last_step >= rung) & (row < 0)
        if not skipped.any():
            break
        first = np.full(history.n, np.inf)
        for part in parts(history.n_reports):
            number, step = history.report_number[part], history.report_step[part]
            at = np.flatnonzero((step > rung) & (step <= bound) & skipped[number])
            number, step = number[at], step[at]
            np.minimum.at(first, number, step)
            nearest = step == first[number]
            row[number[nearest]] = part.start + at[nearest]
    losses = np.full(history.n, np.inf)
    there = row >= 0
    losses[there] = ranked(history.report_loss[row[there]])
    early = (history.state == State.COMPLETE) & (history.last_step < rung)
    losses[early] = ranked(history.last_loss[early])
    losses[history.state == State.FAILED] = np.inf
    return losses
