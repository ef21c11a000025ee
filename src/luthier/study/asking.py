"""Asking for the trials of a run, within its bounds."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Literal

from ..errors import SpaceExhaustedError
from ..schedulers.base import Next
from ..storages.controls import Course
from ..terminal import logger
from ..trial.outcome import Outcome
from ..trial.record import State, TrialRow
from ..trial.ticket import Ticket
from .engine import Engine
from .run_settings import RunSettings, count_left

_POLL_S = 0.1  # how often the storage is read while other processes' trials must end first
_PAUSED_S = 0.5  # how often one looks whether a paused study goes on


class Asking:
    """What one run still asks for.

    Args:
        engine: The study.
        settings: Bounds and stop rules.
        only: Numbers of trials to which the run is limited; None for no limit.

    Attributes:
        held: Number -> ticket of the trials that were asked for, and neither stored nor released;
            who stores or releases one takes it out.
    """

    def __init__(self, engine: Engine, settings: RunSettings, only: Collection[int] | None) -> None:
        self.engine = engine
        self.held: dict[int, Ticket] = {}
        self._only = only
        self._rules = settings.stop_rules
        self._n_left = settings.n_trials  # how many may still be begun; None for no bound
        self._total = settings.total  # how many the study is to have in all; None for no bound
        bound_s = settings.timeout_s
        self._deadline = None if bound_s is None else time.monotonic() + bound_s
        self._told: Course = "running"  # what was said of the study's course
        self._begun: Ticket | None = None  # with the end of the last trial, until it is asked for

    def ask(self, n: int) -> list[Ticket]:
        """The next trials, up to n.

        None when a bound is reached, or none can be had before one here ends.
        """
        begun, self._begun = self._begun, None
        if begun is not None and self.engine.stop.requested:
            self.engine.release(begun.number, begun.token, retried=False)
            self.held.pop(begun.number, None)
        elif begun is not None:
            self._n_left = self._n_left and self._n_left - 1
            return [begun]
        while not self.engine.stop.requested and not self._is_late():
            if self._rules and self._must_stop():
                return []
            n_left = self.count_left()
            try:
                tickets = self.engine.ask(self.held, self._only, n_left, n)
            except SpaceExhaustedError as e:
                logger.info("%s", e)
                self._n_left = 0
                continue
            if not isinstance(tickets, Next):
                if self._n_left:
                    self._n_left = max(self._n_left - sum(map(self._is_new, tickets)), 0)
                return tickets
            if self.is_paused():
                if self.held:
                    return []
                self._tell_course(Next.WAIT)
                time.sleep(_PAUSED_S)
                continue
            if self.engine.stop.requested:
                self._tell_course(Next.DONE)
                return []
            n_elsewhere = len(self.engine.history.running) - len(self.held)
            if tickets is Next.DONE or self.held or n_left == 0 or not n_elsewhere:
                return []
            time.sleep(_POLL_S)
        return []

    def wants_next(self, outcome: Outcome) -> bool:
        """Whether the next trial is wanted for sure, before anybody has seen how this one ended."""
        decided_by_others = self._rules or self._only is not None
        goes_on = outcome.state == State.COMPLETE and not self.engine.stop.requested
        is_sure = goes_on and self.engine.storage.shared and not decided_by_others
        return is_sure and not self._is_late() and self.count_left() != 0

    def keep(self, begun: TrialRow) -> None:
        """Keep a trial, begun with the end of the last one, until it is asked for."""
        [self._begun] = self.engine.hold([begun], self.held)

    def count_again(self, ticket: Ticket) -> None:
        """Let a trial be begun in place of one that is offered again."""
        if self._n_left is not None and self._is_new(ticket):
            self._n_left += 1

    def is_paused(self) -> bool:
        """Whether somebody has paused the study, and this run waits for it to go on."""
        resumes = self.engine.scheduler is not None and self.engine.scheduler.resumes
        is_paused = self._only is None and self.engine.controls.course == "paused"
        return is_paused and (resumes or self.count_left() != 0)

    def count_left(self) -> int | None:
        """Count the trials that may still be begun, by this run and in all; None for no bound."""
        if self._total is None:
            return self._n_left
        return count_left(self._n_left, self._total, self.engine.count_begun())

    def _tell_course(self, answer: Literal[Next.WAIT, Next.DONE]) -> None:
        """Say once that somebody has paused or stopped the study."""
        course = self.engine.controls.course
        if course != self._told:
            self._told = course
            logger.warning("%s", self.engine.explain_no_trial(answer))

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _is_new(self, ticket: Ticket) -> bool:
        """Whether a trial was never paused: only those count for `n_trials`."""
        return ticket.number not in self.engine.history.turns

    def _must_stop(self) -> bool:
        """Whether a stop rule finds a reason, in what all workers have done."""
        engine = self.engine
        with engine.reading() as history:
            reason = next(filter(None, (rule.reason(history) for rule in self._rules)), None)
        if reason is not None:
            engine.stop.request(reason)
            logger.info("study %r stops: %s", engine.name, reason)
        return engine.stop.requested
