"""Hyperband: brackets from many trials with few steps to few trials with many, in turn."""

from __future__ import annotations

import weakref
from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np

from ..history.history import History
from ..history.report_columns import ReportColumns
from ..history.resources import first_resource
from ..history.rungs import Rungs
from ..numerics.halving import brackets, power, rung_thresholds, share
from ..trial.record import State
from ..typing import Array, Index, Mask
from .asha import check_resources
from .base import Decision, Next, Resume, Scheduler


class Plan(NamedTuple):
    """Rungs and sizes of the brackets of a study.

    Attributes:
        steps: Steps of all rungs; a bracket has the last few of them.
        sizes: Numbers of trials that each bracket of a pass has at each of its rungs.
        n: Number of trials of the study that stand in brackets; None for all.
    """

    steps: tuple[float, ...]
    sizes: tuple[tuple[int, ...], ...]
    n: int | None = None

    def begins(self, n: int) -> Index:
        """Numbers of the trials that begin a bracket, of n trials."""
        first = np.cumsum([0, *(s[0] for s in self.sizes)])
        n = n if self.n is None else min(n, self.n)
        begins: Index = (np.arange(n // first[-1] + 1)[:, None] * first[-1] + first[:-1]).ravel()
        return begins[begins < n]

    def bracket(self, number: int) -> tuple[int, tuple[int, ...]]:
        """The number of the first trial of a trial's bracket, and its sizes."""
        first = np.cumsum([0, *(s[0] for s in self.sizes)])
        done, offset = divmod(number, int(first[-1]))
        b = int(np.searchsorted(first, offset, side="right")) - 1
        return done * int(first[-1]) + int(first[b]), self.sizes[b]


class _Idle(NamedTuple):
    """Brackets that had no trial to resume when they were last examined.

    That stays so until one of their trials changes.

    Attributes:
        reports: Reports of the history that was examined.
        plan: Plan of its brackets.
        marks: (4, b) sums that change whenever a trial of a bracket does; NaN where there was a
            trial to resume.
    """

    reports: weakref.ref[ReportColumns] | None
    plan: Plan | None
    marks: Array


_NOBODY = _Idle(None, None, np.empty((4, 0)))


class Brackets(Scheduler):
    """Base of the policies with synchronous brackets; subclasses plan the brackets.

    The bracket of a trial follows from its number. A trial pauses at each rung of its bracket until
    all trials of the bracket that are due there have come, have failed or are over; then as many of
    the best as the next rung has places go on. Trials that completed before count with their last
    report and may take a place; failed ones never do.
    """

    def __init__(
        self, min_resource: float, max_resource: float | None, reduction_factor: float
    ) -> None:
        check_resources(min_resource, max_resource, reduction_factor)
        self.min_resource = min_resource
        self.max_resource = max_resource
        self.reduction_factor = reduction_factor
        self._rungs = Rungs()
        self._plans: dict[float, Plan] = {}
        self._idle: _Idle = _NOBODY

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_idle": _NOBODY}

    @abstractmethod
    def _make_plan(self, max_resource: float) -> Plan:
        """The brackets for a max_resource."""

    def _plan(self, history: History) -> Plan | None:
        """The brackets; None as long as max_resource is not known."""
        R = self.max_resource or first_resource(history)
        if R is None:
            return None
        if R not in self._plans:
            self._plans = {R: self._make_plan(max(R, self.min_resource))}
        return self._plans[R]

    def decide(self, history: History, number: int) -> Decision:
        """Pause a trial at a rung until its bracket has come, then unless it is among the best."""
        plan = self._plan(history)
        if plan is None or history.confirming[number] or (plan.n is not None and number >= plan.n):
            return Decision.CONTINUE
        begin, sizes = plan.bracket(number)
        marks = rung_thresholds(plan.steps[-len(sizes) :])
        k = int(np.searchsorted(marks, history.last_step[number], side="right")) - 1
        if k < 0 or k == len(sizes) - 1 or history.granted[number] >= marks[k]:
            return Decision.CONTINUE
        due = self._due(history, plan, begin, sizes)
        return Decision.CONTINUE if k + 1 < len(due) and number in due[k + 1] else Decision.PAUSE

    def next(self, history: History) -> Next | Resume:
        """Resume a trial that is due at a higher rung, in the earliest bracket that has one.

        Else START: new trials fill the bracket that is open, or begin another. The study refuses
        START when it may start no more.
        """
        plan = self._plan(history) if history.paused else None
        if plan is None:
            return Next.START

        # Brackets that have not changed since they had no trial to resume are skipped.
        begins = plan.begins(history.n)
        now, still = self._marks(history, plan, begins)
        idle = self._idle
        is_known = idle.reports is not None and idle.reports() is history.reports
        was = idle.marks if is_known else now[:, :0]
        same = np.zeros(len(begins), dtype=bool)
        if idle.plan == plan:
            n = min(was.shape[1], len(begins))
            same[:n] = (now[:, :n] == was[:, :n]).all(axis=0)
        now[:, ~still] = np.nan
        self._idle = _Idle(weakref.ref(history.reports), plan, now)

        for at in np.flatnonzero(~same):
            begin, sizes = plan.bracket(int(begins[at]))
            marks = rung_thresholds(plan.steps[-len(sizes) :])
            due = self._due(history, plan, begin, sizes)
            for mark, numbers in zip(marks[: len(due)][::-1], due[::-1], strict=True):
                paused = history.state[numbers] == State.PAUSED
                ready = numbers[paused & ~(history.last_step[numbers] >= mark)]
                if len(ready):
                    now[:, at:] = np.nan
                    return Resume(int(ready[0]))
        return Next.START

    def _marks(self, history: History, plan: Plan, begins: Index) -> tuple[Array, Mask]:
        """Compute `_Idle.marks`, and whether brackets (b,) are still.

        A bracket is still where no trial runs or waits, and none can be added.
        """
        n = history.n if plan.n is None else min(history.n, plan.n)
        state = history.state[:n]
        last = history.last_step[:n]
        granted = history.granted[:n]
        kind = state + 10 * history.confirming[:n]
        marks = np.stack(
            [history.n_claims[:n], kind, np.nan_to_num(last), np.nan_to_num(granted, nan=-1.0)]
        )
        still = np.add.reduceat(state < State.PAUSED, begins, dtype=np.int64) == 0
        begin, sizes = plan.bracket(n - 1)
        still[-1] &= n - begin == sizes[0]
        return np.add.reduceat(marks, begins, axis=1), still

    def _due(self, history: History, plan: Plan, begin: int, sizes: tuple[int, ...]) -> list[Index]:
        """Numbers of trials due at each rung of a bracket, as far as decided, the best first."""
        state = history.state
        last = history.last_step
        numbers = np.arange(begin, min(begin + sizes[0], history.n))
        spent = history.budget is not None and history.n >= history.budget
        if len(numbers) < sizes[0] and not spent:
            return [numbers]
        n_all = len(numbers)
        full = n_all == sizes[0]
        numbers = numbers[~history.confirming[numbers]]
        due = [numbers]
        marks = rung_thresholds(plan.steps)
        steps = plan.steps
        for i in range(len(sizes) - 1):
            k = len(steps) - len(sizes) + i
            come = (last[numbers] >= marks[k]) | (state[numbers] >= State.COMPLETE)
            if spent and not history.running:
                come |= state[numbers] == State.WAITING  # they will never run
            if not come.all():
                break

            # Trials that were promoted before come first, so that no promise is broken.
            best = self._rungs.at(history, steps, k, numbers).order()
            best = best[(state[best] != State.PRUNED) | (last[best] >= marks[k + 1])]
            granted = history.granted[best] >= marks[k]
            fewer = max(1, share(n_all, power(self.reduction_factor, i + 1)))
            n_next = sizes[i + 1] if full else fewer
            numbers = np.concatenate([best[granted], best[~granted]])[:n_next]
            due.append(numbers)
        return due


class Hyperband(Brackets):
    """Brackets of successive halving, from many trials with few steps to few with all of them.

    Bracket s begins ceil((s_max + 1) eta^s / (s + 1)) trials, which first get max_resource · eta^-s
    steps; at its rung i, floor(n eta^-i) of them are left. Trials fill bracket s_max first, then
    s_max - 1, ..., 0, and then another pass: the bracket of a trial follows from its number. Within
    a bracket all wait for each other; a free worker meanwhile fills the next. A bracket that is not
    full when all trials of the study have been started is run with those it has, and at least one
    of them goes on from each rung, however few they are.

    A pass begins a million trials at most, in a hundred brackets at most: where min_resource is so
    far below max_resource that there would be more, trials begin with more than min_resource.

    Args:
        min_resource: The least that a trial gets, in steps.
        max_resource: The most; None learns it: trials run through until one is complete, whose last
            step it is.
        reduction_factor: One in so many goes on.

    Raises:
        ValueError: An argument is out of its range.

    Source: Li 2018, algorithm 1. Deviations: trials go on where they paused, so a rung costs only
    the steps that it adds; brackets overlap; equals rank by trial number, several objectives by
    fronts (`rungs.order`).
    """

    def __init__(
        self,
        min_resource: float = 1,
        max_resource: float | None = None,
        reduction_factor: float = 3,
    ) -> None:
        super().__init__(min_resource, max_resource, reduction_factor)

    def _make_plan(self, max_resource: float) -> Plan:
        table = brackets(self.min_resource, max_resource, self.reduction_factor)
        steps = tuple(step for _, step in table[0])
        return Plan(steps, tuple(tuple(n for n, _ in b) for b in table))
