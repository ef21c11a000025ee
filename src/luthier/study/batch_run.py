"""One batch of trials in this process: how its rows reach their study."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ..storages.base import HeldReport
from ..storages.transitions import lost_lease_message
from ..terminal import logger
from ..trial.batch import BatchObjective, Ended, execute_batch
from ..trial.handle import Trial
from ..trial.outcome import Outcome
from ..trial.record import Decision, ReportValue
from ..trial.ticket import Ticket
from .engine import Engine
from .engine_link import EngineLink
from .reports import Saved


class Turns(Protocol):
    """What asks for trials and stores how they end: the run loop.

    Attributes:
        engine: The study.
        held: Number -> ticket of the trials that were asked for, and are not over.
    """

    engine: Engine
    held: dict[int, Ticket]

    def ask_all(self, n: int) -> list[Ticket]:
        """The next trials, up to n; none where none can be had now."""

    def take_in_all(self, ended: Sequence[tuple[Ticket, Outcome]]) -> None:
        """Store how trials ended, and raise what ends the run."""


def run_batch(turns: Turns, objective: BatchObjective, tickets: Sequence[Ticket]) -> None:
    """Run a batch of trials, and those that follow in their places, to their end.

    Args:
        turns: Where they come from, and go to.
        objective: Takes a `TrialBatch`, returns a value for each row.
        tickets: The trials.

    Raises:
        Exception: What ends the run; rows that still ran are left to the caller.
    """
    link = _Link(turns)
    execute_batch(objective, [link.trial(ticket) for ticket in tickets], link)


class _Link:
    """A batch's way to its study, and the verbs that its rows use; see `trial.batch.BatchLink`."""

    def __init__(self, turns: Turns) -> None:
        self.engine = turns.engine
        self.failure: BaseException | None = None
        self._turns = turns
        self._reports: list[Saved] | None = None
        self._is_fresh = False  # whether the study has been read for a round of decisions

    def trial(self, ticket: Ticket) -> Trial:
        """The handle of a row."""
        link = EngineLink(self, ticket.number, ticket.token)
        return Trial(ticket, self.engine.history.space, link)

    # -- for the batch ----------------------------------------------------------------------------

    @contextmanager
    def reporting(self) -> Iterator[Callable[[], list[int]]]:
        reports: list[Saved] = []
        self._reports = reports
        lost: list[int] = []
        try:
            yield lambda: lost
        finally:
            self._reports = None
        if not reports:
            return
        lost += self.engine.report_all(reports)
        for number in lost:
            logger.warning("%s", lost_lease_message(number))
            self.engine.forget(number)
            self._turns.held.pop(number, None)

    @contextmanager
    def deciding(self) -> Iterator[None]:
        self.engine.refresh()
        self._is_fresh = True
        try:
            yield
        finally:
            self._is_fresh = False

    def end(self, ended: Sequence[Ended]) -> None:
        with self._noting_failure():
            self._turns.take_in_all([(trial.ticket, outcome) for trial, outcome in ended])

    def begin(self, n: int) -> list[Trial]:
        with self._noting_failure():
            return [self.trial(ticket) for ticket in self._turns.ask_all(n)]

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException as e:
            self.failure = e
            raise

    # -- for its rows -----------------------------------------------------------------------------

    def report(
        self,
        number: int,
        token: int,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        """Store an intermediate value; within `reporting`, at its end."""
        if self._reports is None:
            self.engine.report(number, token, step, value, reference, params)
        else:
            held = HeldReport(number, token, step, value, None, params)
            self._reports.append((held, reference))

    def decide(self, number: int, window: int | None = None) -> Decision:
        """Ask the scheduler about a row."""
        return self.engine.decide(number, window, fresh=self._is_fresh)
