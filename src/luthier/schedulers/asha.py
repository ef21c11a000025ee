"""ASHA: a trial goes on from rung to rung while it is in the best third of those at its rung."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, final

import numpy as np

from ..history.history import History
from ..history.rungs import Rungs
from ..numerics.halving import rung_steps, rung_thresholds, share
from ..trial.record import State
from ..typing import Array, Index
from ..validation import check_real, check_whole
from .base import Decision, Next, Resume, Scheduler


class AsynchronousHalving(Scheduler):
    """Asynchronous successive halving, up to a top rung that subclasses name.

    Args:
        min_resource: The first rung, in steps.
        max_resource: The step at which trials end; None if it is not known.
        reduction_factor: One in so many goes on.
        n_min: Number of trials that must be counted at a rung before one is promoted there.

    Raises:
        ValueError: An argument is out of its range.
    """

    mode: Literal["promotion", "stopping"] = "promotion"

    def __init__(
        self,
        min_resource: float,
        max_resource: float | None,
        reduction_factor: float,
        n_min: int,
    ) -> None:
        check_resources(min_resource, max_resource, reduction_factor)
        check_whole("n_min", n_min, 1)
        self.min_resource = min_resource
        self.max_resource = max_resource
        self.reduction_factor = reduction_factor
        self.n_min = n_min
        self._rungs = Rungs()

    @property
    def resumes(self) -> bool:
        """Whether it ever resumes a paused trial."""
        return self.mode == "promotion"

    def decide(self, history: History, number: int) -> Decision:
        """Pause or stop a trial that is not among the best at the last rung it has reached."""
        steps = self._steps(history)
        k = int(_rung_of(steps, history.last_step[number]))
        if k < 0 or k == self._end(steps) or history.confirming[number]:
            return Decision.CONTINUE
        if self.max_resource is None and self.mode == "promotion" and _is_furthest(history, number):
            return Decision.CONTINUE

        # A rung is settled once the trial has been judged there.
        threshold = rung_thresholds(steps)[k]
        if self.mode == "stopping":
            reported = history.reports_of(number)[0]
            settled = len(reported) > 1 and reported[-2] >= threshold
            otherwise = Decision.STOP
        else:
            settled = history.granted[number] >= threshold
            otherwise = Decision.PAUSE
        if settled or (
            number in self._good(history, steps, k) and k < self._top(history, steps, k + 1)
        ):
            return Decision.CONTINUE
        return otherwise

    def next(self, history: History) -> Next | Resume:
        """Promote the best trial of the highest rung that has one to promote.

        Else START, which the study refuses when it may start no more.
        """
        paused = np.flatnonzero(history.state == State.PAUSED)
        if self.mode == "stopping" or not len(paused):
            return Next.START
        steps = self._steps(history)
        rung = _rung_of(steps, history.last_step[paused])
        settled = (rung < 0) | (
            history.granted[paused] >= np.append(rung_thresholds(steps), np.inf)[rung]
        )
        if settled.any():  # not paused by a rung
            return Resume(int(paused[settled][0]))

        rungs = sorted(set(rung.tolist()), reverse=True)
        top = self._top(history, steps, rungs[0] + 1)
        for k in (k for k in rungs if k < top):
            good = self._good(history, steps, k)
            good = good[np.isin(good, paused[rung == k])]
            if len(good):
                return Resume(int(good[0]))

        # At the end of the study the best goes on even among few.
        if history.budget is not None and history.n >= history.budget and not history.running:
            for k in rungs:
                best = self._rungs.at(history, steps, k).order(1)[:1]
                if np.isin(best, paused[rung == k]).any():
                    return Resume(int(best[0]))
        return Next.START

    def _good(self, history: History, steps: list[float], k: int) -> Index:
        """Numbers of the trials that go on from rung k; in promotion mode the best first."""
        rung = self._rungs.at(history, steps, k)
        n = len(rung.numbers)
        if self.mode == "promotion":
            n_good = share(n, self.reduction_factor) if n >= self.n_min else 0
            return rung.order(n_good)[:n_good]
        if n < self.n_min:
            return rung.numbers
        return rung.best_and_equals(max(1, share(n, self.reduction_factor)))

    def _steps(self, history: History) -> list[float]:
        """Steps of the rungs, as far as any trial has come."""
        last = float(np.max(history.last_step, initial=-np.inf, where=history.last_step > -np.inf))
        return rung_steps(self.min_resource, self.max_resource, self.reduction_factor, last)

    @abstractmethod
    def _top(self, history: History, steps: list[float], most: int) -> int:
        """The rung from which on no trial is promoted, for now.

        It may be cut off at `most`.
        """

    def _end(self, steps: list[float]) -> int:
        """The rung at which trials end."""
        return len(steps) if self.max_resource is None else len(steps) - 1


@final
class ASHA(AsynchronousHalving):
    """Asynchronous successive halving: no worker ever waits for a rung to fill.

    Rungs stand at min_resource · reduction_factor^k, and at max_resource. A trial counts at a rung
    with the loss of its first report at or beyond it; one that completed before counts there with
    its last report; failed trials count nowhere. A report that passes several rungs is judged at
    the last of them. Several objectives rank by non-dominated fronts (`rungs.order`). There are 200
    rungs at most, whatever the steps are.

    mode="promotion": a trial pauses at each rung, and a free worker goes on with the best paused
    one among the best n / reduction_factor of the n trials counted at a rung, looking at high rungs
    first; only where there is none, it starts a new trial. A trial that is among those when it gets
    there goes on without a pause; until the next rung it is asked again at each report, and pauses
    where better ones have come by then. Equals wait for a place in the order of their numbers. When
    all trials of the study have been started and none runs, the best at each rung goes on even
    among fewer than reduction_factor, so that some trial comes to its end.

    mode="stopping": the report with which a trial reaches a rung decides. It goes on if its rank is
    at most max(1, n / reduction_factor), or its loss is that of one of these, else it is over: of
    equals none is stopped for having come later. Reports between rungs decide nothing, so ask after
    each one. Saves checkpoints and pauses; but the first at a rung always goes on, and
    a stopped trial never comes back.

    Args:
        min_resource: The first rung, in steps. Too low, and ranks there mean little.
        max_resource: The step at which trials end, where none is judged any more. None if it is not
            known: then a trial does not pause where no other has gone further.
        reduction_factor: One in so many goes on.
        n_min: Number of trials that must be counted at a rung before one is promoted, or stopped,
            there.
        mode: "promotion" or "stopping".

    Raises:
        ValueError: An argument is out of its range.

    Source: Li 2020, algorithm 2; mode "stopping" as in Syne Tune and Ray Tune; several objectives:
    Schmucker 2021. Deviations: no detour by a pause for a trial that would be promoted at once; the
    best few go on at the end of the study.
    """

    def __init__(
        self,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
        n_min: int = 1,
        mode: Literal["promotion", "stopping"] = "promotion",
    ) -> None:
        super().__init__(min_resource, max_resource, reduction_factor, n_min)
        if mode not in ("promotion", "stopping"):
            raise ValueError(f"mode must be 'promotion' or 'stopping', got {mode!r}")
        self.mode = mode

    def _top(self, history: History, steps: list[float], most: int) -> int:
        """The rung beyond the last: trials are promoted from every rung."""
        return len(steps)


def check_resources(
    min_resource: float, max_resource: float | None, reduction_factor: float
) -> None:
    """Raise ValueError when one of them is out of its range."""
    check_real("min_resource", min_resource, 0, above=True)
    if max_resource is not None:
        check_real("max_resource", max_resource, min_resource, above=True)
    check_real("reduction_factor", reduction_factor, 1, above=True)


def _rung_of(steps: list[float], step: float | Array) -> Index:
    """The last rung that is reached at a step; -1 before the first and where none was reported."""
    rung = np.searchsorted(rung_thresholds(steps), step, side="right") - 1
    return np.where(np.isnan(step), -1, rung)


def _is_furthest(history: History, number: int) -> bool:
    """Whether no trial has been trained further than this one.

    If it paused, there might be nothing left to do.
    """
    return not bool((history.last_step > history.last_step[number]).any())
