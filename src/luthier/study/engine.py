"""The machine under a study: every change of a trial goes through here, under one lock.

A worker's turn is one path, whatever runs the trial: `take` begins it, `report` and `decide`
accompany it, `end` or `release` closes it. Each is at most a few transactions of the storage, and
leaves the history as the storage has it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from ..checkpoints import Checkpoints
from ..errors import (
    LeaseLostError,
    SpaceError,
    TrialError,
    UnstorableError,
)
from ..history.history import History
from ..numerics.float_errors import default_errstate
from ..samplers.base import Sampler
from ..schedulers.base import Next, Scheduler
from ..space.space import Space
from ..storages import Storage
from ..storages.base import HeldReport, StudyRecord, worker_name
from ..storages.controls import Controls
from ..storages.forks import ForkAware, UnusableLock, follow_forks
from ..storages.settings import Settings, read_settings, read_space
from ..terminal import logger
from ..trial.handle import Trial
from ..trial.outcome import Outcome
from ..trial.params import explain_params
from ..trial.record import Decision, ReportValue, State, TrialRow
from ..trial.ticket import Ticket
from ..warn_once import WarnOnce
from .checkpoint_owner import find_owner
from .checkpoint_retention import CheckpointRetention
from .discovered_space import DiscoveredSpace
from .engine_link import EngineLink
from .intake import Intake, Request
from .leases import Leases
from .obedience import Obedience
from .param_warnings import warn_of_params
from .proposals import Proposals
from .replica import Replica
from .reports import Saved, store_report, store_reports
from .row_at_end import row_at_end
from .run_settings import NO_BOUNDS, Bounds
from .stop_signal import StopSignal
from .training_faults import find_faults
from .trial_end import store_end, store_ends

_FORK_S = 10.0  # how long a fork waits for the verb of another thread


def describe_declared(space: Space) -> dict[str, Any]:
    """Return the settings of a study that has this declared space."""
    return {"space": space.to_json(), "declared": True}


class Engine(ForkAware):
    """Storage, history, proposals, leases and checkpoints of one study.

    Every verb takes the lock, so any number of threads may call them. `Study` is its face; the run
    loop, workers, other processes and the service use the verbs directly. A process that is forked
    has a name of its own, and holds none of its parent's trials.

    Args:
        storage: Where the study lives.
        record: The study there.
        space: The declared space; None for the stored one.
        sampler: What to try next.
        scheduler: How long to train it; None lets every trial run to its end.
        checkpoints: Where trials save their checkpoints.

    Attributes:
        id: The storage's number of the study.
        name: The study's name.
        directions: "minimize" or "maximize", one an objective.
        objectives: Their names.
        seed: The study's seed.
        declared: Whether the space was declared, and not discovered by the objective.
        history: The trials as columns, as of the last look at the storage.
        worker: The name under which this process writes.
        stop: Whether, and why, no further trial is begun.
        finishing: Numbers of trials that are trained to their end, whatever the scheduler says.
    """

    def __init__(
        self,
        storage: Storage,
        record: StudyRecord,
        space: Space | None,
        sampler: Sampler,
        scheduler: Scheduler | None,
        checkpoints: Checkpoints,
    ) -> None:
        settings = read_settings(record)
        stored = read_space(record.name, settings.space)

        self.storage = storage
        self.sampler = sampler
        self.scheduler = scheduler
        self.id = record.id
        self.name = record.name
        self.directions: tuple[str, ...] = settings.directions
        self.seed = settings.seed
        self.declared = space is not None or settings.declared
        self.worker = worker_name()
        self.stop = StopSignal()
        self.finishing: set[int] = set()

        self.history = History(
            stored if space is None else space, self.directions, self.seed, settings.names
        )
        self.objectives = self.history.objectives
        stored = stored.made_of(self.history.space)
        self._replica = Replica(storage, record, self.history, stored, follows=space is None)
        self._warn = WarnOnce()
        self._proposals = Proposals(self.history, self.declared, self._warn)
        self._discovered = DiscoveredSpace(self._replica, self._warn)
        self._intake = Intake(self.name, self._replica, self._proposals, self._warn)
        self._leases = Leases(storage, record.id, self.held)
        self._retention = CheckpointRetention(
            checkpoints.belonging_to(find_owner(storage, record)), self._replica
        )
        self._lock: Any = threading.RLock()
        self._obedience = Obedience(self._replica)
        self._forks_in_order = True
        follow_forks(self)

    def before_fork(self) -> None:
        self._forks_in_order = self._lock.acquire(timeout=_FORK_S)

    def after_fork(self, in_child: bool) -> None:
        if self._forks_in_order:
            self._lock.release()
        if in_child:
            self.worker = worker_name()
            self.held.clear()
            if not self._forks_in_order:
                self._lock = UnusableLock(self.name)

    # -- the study ------------------------------------------------------------------------------

    def open(self, space: Space | None) -> Engine:
        """Read the trials, and store a declared space that differs from the stored one.

        Args:
            space: The declared space, as given to the constructor.
        """
        with self._lock:
            self.refresh()
            functions = self._replica.settings.space.get("functions")
            if space is not None:
                self._replica.edit_spec(lambda _: describe_declared(space), space)
            elif functions:
                logger.warning(
                    "study %r has constraints that are functions (%s) and cannot be stored; pass "
                    "its space when loading it",
                    self.name,
                    ", ".join(map(repr, functions)),
                )
        return self

    def refresh(self) -> None:
        """Read what others have written since the last look."""
        with self._lock:
            self._replica.refresh()

    @contextlib.contextmanager
    def reading(self) -> Iterator[History]:
        """Hold the lock over an up-to-date history: for reads that belong together."""
        with self._lock, default_errstate():
            self.refresh()
            yield self.history

    @contextlib.contextmanager
    def peeking(self, timeout_s: float) -> Iterator[History | None]:
        """Hold the lock over the history as it is; None when others hold it for longer."""
        if not self._lock.acquire(timeout=timeout_s):
            yield None
            return
        try:
            yield self.history
        finally:
            self._lock.release()

    @property
    def space(self) -> Space:
        """The declared space, or what the objective has shown so far, conditions included."""
        with self._lock:
            return self._proposals.space

    @property
    def checkpoints(self) -> Checkpoints:
        """Place in which trials save their checkpoints."""
        return self._retention.store

    @property
    def spec(self) -> dict[str, Any]:
        """Stored settings of the study, as of the last look: space, objectives, seed."""
        return dict(self._replica.spec)

    @property
    def settings(self) -> Settings:
        """The stored settings of the study, as of the last look."""
        return self._replica.settings

    def edit_spec(
        self, edit: Callable[[Settings], Mapping[str, Any]], space: Space | None = None
    ) -> None:
        """Change stored settings by what they are; what others change at the same time is kept.

        Args:
            edit: Takes the settings; returns those that are to be changed. It may be called again.
            space: A declared space that is changed with them, for this process's proposals.
        """
        with self._lock:
            self._replica.edit_spec(edit, space)
            if space is not None and self.history.space is not space:  # it has functions
                self.history.set_space(space)

    def update_spec(self, **changed: Any) -> None:
        """Change some of the stored settings of the study; what others change is kept."""
        self.edit_spec(lambda _: changed)

    @property
    def controls(self) -> Controls:
        """What people have asked of the study, as of the last look."""
        return self.settings.controls

    def begin_run(self, reproducible: bool = False) -> None:
        """Prepare a run of trials: no stop is asked for, and other processes' changes are known.

        Args:
            reproducible: Whether proposals must not depend on how far running trials are.
        """
        self.sampler.check_objectives(len(self.directions))
        self.stop = StopSignal()
        self._discovered.begin_run()
        self.checkpoints.open()
        with self._lock:
            self._replica.keeps_proposals = reproducible
            if self.storage.shared:
                self.refresh()
                self._retention.sweep()

    def end_run(self) -> None:
        """Clear the budget: `take` has no limit now."""
        self._discovered.end_run()
        self._replica.keeps_proposals = False
        self.history.update_info(budget=None)

    # -- trials ---------------------------------------------------------------------------------

    @property
    def held(self) -> dict[int, int]:
        """Number -> token of the trials that this process runs."""
        return self._replica.held

    def token(self, number: int) -> int:
        """The token of a trial that is not over: the number of times that it was handed out."""
        return self._replica.books.token(number)

    def rows(self, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        """Rows of some trials, or of all, by number; a param that is missing is explained."""
        space = self.history.space
        return [explain_params(row, space) for row in self._replica.rows(numbers)]

    def add_trials(
        self, rows: Sequence[TrialRow], expected: int | None = None, call: str | None = None
    ) -> list[int]:
        """Add trials as they are.

        Args:
            rows: The trials; they get new numbers.
            expected: How many trials the study has as far as the caller knows; None adds them
                whatever the others did.
            call: A key under which the storage recognises a repeated call.

        Returns:
            Their numbers; none when there were other trials than expected.
        """
        with self._lock:
            first, _ = self.storage.add_trials(self.id, rows, expected, call)
            self.refresh()
        return list(range(first, first + len(rows))) if first >= 0 else []

    def check_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Params that somebody fixes, as the declared space takes them.

        Raises:
            UnknownParameterError: A declared space does not have such a parameter or value.
        """
        return self._proposals.check(params)

    def take(
        self,
        only: Collection[int] | None = None,
        bounds: Bounds = NO_BOUNDS,
        worker: str | None = None,
        fresh: bool = False,
    ) -> TrialRow | Literal[Next.WAIT, Next.DONE]:
        """Begin the trial that a free worker runs now.

        Args:
            only: Numbers of trials that wait or have lost their worker: no others are wanted.
            bounds: How many trials that nobody has begun may still be taken.
            worker: The name to write under; None for this process's.
            fresh: Whether the history has just been refreshed.

        Returns:
            The trial; or WAIT while none can be had before running ones are over, DONE where none
            can be had at all.
        """
        answer = self._take(1, only, bounds, worker, fresh)
        return answer if isinstance(answer, Next) else answer[0]

    def _take(
        self,
        n: int,
        only: Collection[int] | None,
        bounds: Bounds,
        worker: str | None = None,
        fresh: bool = False,
    ) -> list[TrialRow] | Literal[Next.WAIT, Next.DONE]:
        """Begin up to n trials, at least one; see `take`."""
        with self._lock, default_errstate():
            if not fresh:
                self._replica.refresh()
            if only is None and (answer := self._obedience.answer(self.stop)) is not None:
                return answer
            request = Request(
                sampler=self.sampler,
                scheduler=self.scheduler,
                worker=worker or self.worker,
                only=only,
                bounds=bounds,
            )
            return self._intake.take(request, n)

    def ask(
        self,
        taken: dict[int, Ticket],
        only: Collection[int] | None = None,
        bounds: Bounds = NO_BOUNDS,
        n: int = 1,
    ) -> list[Ticket] | Literal[Next.WAIT, Next.DONE]:
        """Begin trials that this process runs, and keep their leases alive until they are over.

        Args:
            taken: Number -> ticket; the trials are noted here too, so that an interrupt between two
                steps loses nothing.
            only: See `take`.
            bounds: See `take`.
            n: How many are wanted.

        Returns:
            From 1 to n trials; or why there is none, as of `take`.
        """
        with self._lock:
            rows = self._take(n, only, bounds)
            return rows if isinstance(rows, Next) else self.hold(rows, taken)

    def hold(self, rows: Sequence[TrialRow], taken: dict[int, Ticket]) -> list[Ticket]:
        """Keep the leases of trials alive that were begun for this process, until they are over.

        Args:
            rows: The trials.
            taken: See `ask`.
        """
        with self._lock:
            tickets = [self.ticket(row) for row in rows]
            taken.update((ticket.number, ticket) for ticket in tickets)
            self._leases.hold({row.number: row.token for row in rows})
            return tickets

    def explain_no_trial(self, answer: Literal[Next.WAIT, Next.DONE]) -> str:
        """Say why `take` or `ask` gave no trial."""
        if self.controls.course != "running":
            return self._obedience.explain(self.name)
        advice = "tell those that run first" if answer is Next.WAIT else "all have ended"
        return f"{self.scheduler!r} wants no further trial of {self.name!r}: {advice}"

    def ticket(self, row: TrialRow) -> Ticket:
        """The ticket of a trial that was begun."""
        return Ticket(
            number=row.number,
            proposal=row.params,
            seed=self.seed,
            keeper=self.checkpoints,
            references=row.checkpoints,
            token=row.token,
            declared=self.declared,
            objectives=self.objectives,
            tags=dict(row.tags),
            fixed=self._intake.fixed.pop(row.number, ()),
        )

    def trial(self, ticket: Ticket, window: int | None = None) -> Trial:
        """The handle of a trial that runs in this process; see `decide` for `window`."""
        link = EngineLink(self, ticket.number, ticket.token, window)
        return Trial(ticket, self.history.space, link)

    def forget(self, number: int) -> None:
        """Stop keeping a trial's lease alive: it was lost to another worker."""
        with self._lock:
            self._leases.drop(number)

    def report(
        self,
        number: int,
        token: int,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        """Store an intermediate value, and where the checkpoint is that was saved with it.

        Raises:
            ReportError: There are more or fewer values than objectives.
            LeaseLostError: The trial was given to another worker in the meantime.
        """
        with self._lock:
            report = HeldReport(number, token, step, value, None, params)
            store_report(self._replica, self._retention, (report, reference))

    def report_all(self, saved: Sequence[Saved]) -> list[int]:
        """Store an intermediate value of each of several trials, at once where the storage can.

        Args:
            saved: The reports, at most one a trial.

        Returns:
            Numbers of trials that were given to another worker in the meantime.

        Raises:
            ReportError: There are more or fewer values than objectives.
        """
        with self._lock:
            return store_reports(self._replica, self._retention, saved)

    def decide(self, number: int, window: int | None = None, fresh: bool = False) -> Decision:
        """Ask the scheduler about a trial that has reported.

        Args:
            number: The trial's.
            fresh: Whether the history has just been refreshed.
            window: How many trials run at a time where results are taken in in trial order: the
                scheduler then sees only what is sure to be there whatever the timing.
        """
        with self._lock, default_errstate():
            is_due = self._obedience.is_due() or self.scheduler is not None
            if self.storage.shared and is_due and not fresh:
                self.refresh()
            if self.controls.is_stopping(number, self.token(number)):
                return Decision.STOP
            if self.scheduler is None or number in self.finishing:
                return Decision.CONTINUE
            history = self.history
            if history.reports.last(number) is None or history.confirming[number]:
                return Decision.CONTINUE
            if window is not None:
                history = history.before(number, window)
            return self.scheduler.decide(history, number)

    def end(
        self,
        number: int,
        token: int,
        outcome: Outcome,
        reported_elsewhere: bool = False,
        worker: str | None = None,
    ) -> TrialRow:
        """Store what became of a trial: its turn is over, or all of it.

        Args:
            number: The trial's.
            token: Proves that the worker holds it.
            outcome: How it ended.
            reported_elsewhere: Whether it may have reported through another process.
            worker: The name to write under; None for this process's.

        Returns:
            The trial as it was stored; FAILED where the storage does not take its end.

        Raises:
            LeaseLostError: The trial is already over, or was given to another worker.
            UnstorableError: The storage takes nothing of its end.
        """
        return self.turn_over(number, token, outcome, None, NO_BOUNDS, reported_elsewhere, worker)[
            0
        ]

    def turn_over(
        self,
        number: int,
        token: int,
        outcome: Outcome,
        next_worker: str | None,
        bounds: Bounds = NO_BOUNDS,
        reported_elsewhere: bool = False,
        worker: str | None = None,
        taken: dict[int, Ticket] | None = None,
    ) -> tuple[TrialRow, TrialRow | None]:
        """Store what became of a trial as `end` does, and begin the next in the same transaction.

        Args:
            number: The trial's.
            token: As in `end`.
            outcome: As in `end`.
            next_worker: The name under which the next trial is begun; None for no such trial.
            bounds: As in `take`.
            reported_elsewhere: As in `end`.
            worker: As in `end`.
            taken: As in `ask`, where this process runs the next trial; None where another does.

        Returns:
            The trial as it was stored, and the next one; None where that takes more than one
            transaction: then `take` or `ask` may have it.

        Raises:
            LeaseLostError: As in `end`.
            UnstorableError: As in `end`.
        """
        with self._lock:
            self._look_before_end([(number, outcome)], reported_elsewhere)
            row = self._row_at_end(number, token, outcome, worker)
            offers: list[TrialRow] = []
            try:
                if next_worker is not None and self._obedience.answer(self.stop) is None:
                    request = Request(
                        sampler=self.sampler,
                        scheduler=self.scheduler,
                        worker=next_worker,
                        bounds=bounds,
                    )
                    offers = self._intake.offer_ahead(request, row)
            finally:  # an interrupt costs no result
                try:
                    row, begun = store_end(self._replica, self._retention, row, offers)
                finally:
                    self._leases.drop(number)
            if begun is not None and taken is not None:
                self.hold([begun], taken)
            self._retention.delete_dropped()
            return row, begun

    def end_all(self, outcomes: Mapping[int, tuple[int, Outcome]]) -> dict[int, TrialRow]:
        """Store what became of several trials that ran here, at once where the storage can.

        Args:
            outcomes: Number -> the token that proves that the worker holds the trial, and how it
                ended.

        Returns:
            Number -> the trial as it was stored; without those that were given to another worker.

        Raises:
            UnstorableError: The storage takes nothing of an end; the others are stored.
        """
        with self._lock:
            self._look_before_end([(i, outcome) for i, (_, outcome) in outcomes.items()])
            rows = [self._row_at_end(i, *outcomes[i]) for i in sorted(outcomes)]
            try:
                stored = store_ends(self._replica, self._retention, rows)
            finally:
                self._leases.drop(*outcomes)
            self._retention.delete_dropped()
        return {row.number: row for row in stored}

    def _look_before_end(
        self, outcomes: Sequence[tuple[int, Outcome]], reported_elsewhere: bool = False
    ) -> None:
        """Read what the rows at the end need: reports of trials, and what others did better."""
        known = self._replica.books.checkpoints
        unseen = reported_elsewhere or any(
            outcome.state != State.COMPLETE or number in known for number, outcome in outcomes
        )
        if self.storage.shared and unseen:
            self.refresh()

    def _row_at_end(
        self, number: int, token: int, outcome: Outcome, worker: str | None = None
    ) -> TrialRow:
        """Return the row of a trial whose turn is over, after its warnings were given."""
        warn_of_params(self._warn, number, outcome, self.history, self.declared)
        outcome = self._learn_space(outcome)
        row = row_at_end(self.history, number, token, outcome, worker or self.worker)
        self._warn_of_faults(number, outcome)
        return row

    def release(self, number: int, token: int, retried: bool) -> None:
        """Give a trial back that this process will not end.

        Args:
            number: The trial's.
            token: Proves that the worker holds it.
            retried: Whether this counts as one of the times that a trial is offered again.
        """
        with self._lock:
            self._leases.drop(number)
            try:
                self._replica.apply(self.storage.release(self.id, number, token, retried))
            except LeaseLostError as e:  # an interrupt came after the result had been stored
                logger.info("%s", e)

    def retry(self, number: int) -> TrialRow:
        """Offer a failed trial again; see `Study.retry`."""
        with self.reading() as history:
            if not 0 <= number < history.n:
                raise TrialError(f"the study has no trial {number}")
            [row] = self.rows([number])
            self.storage.retry(self.id, number, row.token)
            self.refresh()
            return self.rows([number])[0]

    def release_unnoted(self) -> None:
        """Release trials that the storage gave us but an interrupt kept us from noting."""
        with self._lock:
            self.refresh()
            unknown = sorted(self.history.running - self.held.keys())
            for row in self.rows(unknown):
                if row.worker == self.worker:
                    with contextlib.suppress(LeaseLostError):
                        self._replica.apply(
                            self.storage.release(self.id, row.number, row.token, False)
                        )

    def pending(self, numbers: Collection[int]) -> dict[int, bool]:
        """Those trials that wait or run elsewhere, and whether each can be taken now."""
        with self.reading() as history:
            now = time.time()
            foreign = history.running - self.held.keys()
            return {
                i: i in history.waiting or self._replica.books.lease_s(i) < now
                for i in numbers
                if i in history.waiting or i in foreign
            }

    def count_running(self) -> int:
        """Count the trials that run now, here or elsewhere, as far as the history knows."""
        foreign = self.history.running - self.held.keys()
        return len(self.history.running) - len(self._replica.guess_expired(foreign, time.time()))

    def count_begun(self) -> int:
        """Count the trials that somebody has begun, as far as the history knows."""
        with self._lock:
            return self.history.n_begun

    def find_expired(self, numbers: Iterable[int]) -> list[int]:
        """Those running trials whose lease has run out, as the storage has it."""
        with self._lock:
            return self._replica.find_expired(numbers)

    # -- how `end` makes the row ------------------------------------------------------------------

    def _learn_space(self, outcome: Outcome) -> Outcome:
        """Let the space follow what the objective asked for, unless it was declared.

        The trial fails where the storage does not take the space.
        """
        if self.declared:
            return outcome
        try:
            self._discovered.learn(outcome.suggested, outcome.params)
        except (SpaceError, UnstorableError) as e:
            return outcome.failed_with(e)
        return outcome

    # -- warnings, each given once ----------------------------------------------------------------

    def leave_out_warning(self, topic: str) -> None:
        """Give no warning of a topic, such as "no checkpoint": what it tells of is by design."""
        self._warn.leave_out(topic)

    def _warn_of_faults(self, number: int, outcome: Outcome) -> None:
        if self.scheduler is None:
            return
        if not self.history.n_reports and outcome.state == State.COMPLETE:
            self.refresh()  # for reports that came past this process
        with default_errstate():
            for topic, message in find_faults(self.history, self.scheduler, number, outcome):
                self._warn(topic, message)
