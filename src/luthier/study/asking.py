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
from .run_settings import Bounds, RunSettings

_POLL_S = 0.1  # how often the storage is read while other processes' trials must end first
_PAUSED_S = 0.5  # how often one looks whether a paused study goes on


class Asking:
    """What one run still asks for.

    Args:
        engine: The study.
        settings: Bounds and stop rules.
        only: Numbers of trials to which the run is limited; None for no limit.

    Attributes:
        bounds: How many trials may still be begun.
        held: Number -> ticket of the trials that were asked for, and neither stored nor released;
            who stores or releases one takes it out.
    """

    def __init__(self, engine: Engine, settings: RunSettings, only: Collection[int] | None) -> None:
        self.engine = engine
        self.bounds = settings.bounds
        self.held: dict[int, Ticket] = {}
        self._only = only
        self._rules = settings.stop_rules
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
            self.bounds = self.bounds.after(1)
            return [begun]
        while not self.engine.stop.requested and not self._is_late():
            if self._rules and self._must_stop():
                return []
            try:
                tickets = self.engine.ask(self.held, self._only, self.bounds, n)
            except SpaceExhaustedError as e:
                logger.info("%s", e)
                self.bounds = Bounds(0)
                continue
            if not isinstance(tickets, Next):
                self.bounds = self.bounds.after(sum(map(self._is_new, tickets)))
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
            is_full = self.count_left() == 0
            if tickets is Next.DONE or self.held or is_full or not n_elsewhere:
                return []
            time.sleep(_POLL_S)
        return []

    def wants_next(self, outcome: Outcome) -> bool:
        """Whether a next trial, within the bounds, is wanted before anybody sees how this ended."""
        decided_by_others = self._rules or self._only is not None
        goes_on = outcome.state == State.COMPLETE and not self.engine.stop.requested
        is_sure = goes_on and self.engine.storage.shared and not decided_by_others
        return is_sure and not self._is_late()

    def keep(self, begun: TrialRow) -> None:
        """Keep a trial, begun with the end of the last one, until it is asked for."""
        self._begun = self.held[begun.number]

    def count_again(self, ticket: Ticket) -> None:
        """Let a trial be begun in place of one that is offered again."""
        if self._is_new(ticket):
            self.bounds = self.bounds.after(-1)

    def is_paused(self) -> bool:
        """Whether somebody has paused the study, and this run waits for it to go on."""
        resumes = self.engine.scheduler is not None and self.engine.scheduler.resumes
        is_paused = self._only is None and self.engine.controls.course == "paused"
        return is_paused and (resumes or self.count_left() != 0)

    def count_left(self) -> int | None:
        """Count the trials that may still be begun, by this run and in all; None for no bound."""
        return self.bounds.count_left(self.engine.count_begun())

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
