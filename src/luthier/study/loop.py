"""The run loop: asks for trials, keeps them running somewhere, and stores what becomes of them."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import logging
import os
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, cast

from ..errors import (
    LeaseLostError,
    LuthierError,
    MachineError,
    NoWorkerError,
    StorageFullError,
    StorageUnreachableError,
    TrialMemoryError,
    UnstorableError,
    WorkerDiedError,
)
from ..executors.contract import ElasticExecutor, TrialExecutor
from ..terminal import logger
from ..trial.batch import BatchObjective
from ..trial.outcome import Objective, Outcome, execute, outcome_of_failure, release_frames
from ..trial.record import State, TrialRow
from ..trial.ticket import Ticket
from .asking import Asking
from .batch_run import run_batch
from .chosen_executor import choose_executor
from .end_causes import (
    NOT_THE_OBJECTIVE,
    find_broken_executor,
    find_machine_error,
    is_storage_that_answers,
    notes_of,
    outcome_of,
)
from .engine import Engine
from .progress import display, log_end
from .remote import forget, reports_elsewhere, submitter
from .run_settings import RunSettings

_PAUSED_S = 0.5  # how often one looks whether a paused study goes on
_MAX_GIVEN_BACK = 3  # how often one trial may be given back because of the machine
_ROOM_S = 0.1  # how often an executor that grows and shrinks is asked for its room

TrialCallback = Callable[[TrialRow], Any]


def run(
    engine: Engine,
    objective: Objective,
    settings: RunSettings,
    callbacks: Sequence[TrialCallback] = (),
    only: Collection[int] | None = None,
) -> None:
    """Run trials until a bound is reached, a stop is asked for, or Ctrl-C.

    Args:
        engine: The study.
        objective: Takes a `Trial`, returns its value or values.
        settings: Bounds, executor and the like.
        callbacks: Called with the row of each trial that ends.
        only: Numbers of trials that wait or have lost their worker: the run is limited to them,
            and ends when none of them can be had.
    """
    settings.check_reproducible(engine.scheduler)
    executor, n_jobs, is_own = choose_executor(settings)
    if only is None:
        engine.begin_run(settings.reproducible)
    else:
        engine.stop.withdraw()

    window = n_jobs if settings.reproducible and executor is not None else None
    try:
        n_trials = settings.count_trials(engine.count_begun())
        with display(engine, n_trials, settings.timeout_s, settings.progress) as watchers:
            loop = _Loop(engine, objective, settings, (*watchers, *callbacks), only)
            if settings.batch is not None:
                loop.run_batches(settings.batch)
            elif executor is None:
                loop.run_here()
            else:
                loop.run_in(executor, n_jobs, window)
    finally:
        if only is None:
            engine.end_run()
        if is_own and executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)


class _Loop:
    """One run of trials.

    Attributes:
        asking: Where trials come from.
        held: Number -> ticket of the trials that were asked for, and neither stored nor released.
        process: The number of the process that runs them; a fork of it leaves them alone.
    """

    def __init__(
        self,
        engine: Engine,
        objective: Objective,
        settings: RunSettings,
        callbacks: Sequence[TrialCallback],
        only: Collection[int] | None,
    ) -> None:
        self.engine = engine
        self.objective = objective
        self.callbacks = callbacks
        self.asking = Asking(engine, settings, only)
        self.caught = settings.caught
        self.held = self.asking.held
        self.process = os.getpid()
        self.reported_elsewhere = False  # trials report past this process
        self.runs_here = False  # one trial after the other, in this thread
        self._n_given_back: Counter[int] = Counter()  # because of the machine, by number

    def ask_all(self, n: int) -> list[Ticket]:
        """The next trials, up to n; none when none can be had before one here ends."""
        return self.asking.ask(n)

    def _ask(self) -> Ticket | None:
        return next(iter(self.asking.ask(1)), None)

    # -- storing --------------------------------------------------------------------------------

    def take_in(self, ticket: Ticket, outcome: Outcome) -> None:
        """Store an outcome, run the callbacks, and raise what `catch` does not name."""
        row = self.settle(ticket, outcome, retried=True)
        self._look_before_callbacks()
        self._follow(ticket, outcome, row)

    def take_in_all(self, ended: Sequence[tuple[Ticket, Outcome]]) -> None:
        """Store several outcomes, and do for each what `take_in` does; then raise the first."""
        rows = self._settle_all(ended)
        self._look_before_callbacks()
        raised: BaseException | None = None
        for ticket, outcome in ended:
            try:
                self._follow(ticket, outcome, rows[ticket.number])
            except BaseException as e:
                if e is not outcome.exception:
                    raise
                raised = raised or e
        if raised is not None:
            raise raised

    def _settle_all(self, ended: Sequence[tuple[Ticket, Outcome]]) -> dict[int, TrialRow | None]:
        """Store several outcomes, those without an exception at once; see `settle`."""
        rows: dict[int, TrialRow | None] = {}
        plain = {t.number: (t.token, o) for t, o in ended if o.exception is None}
        if len(plain) > 1:
            with contextlib.suppress(UnstorableError):  # told of below, one by one
                stored = self.engine.end_all(plain)
                rows = {number: stored.get(number) for number in plain}
        for number in rows:
            self.held.pop(number, None)
        for ticket, outcome in ended:
            if ticket.number not in rows:
                rows[ticket.number] = self.settle(ticket, outcome, retried=True)
        return rows

    def _look_before_callbacks(self) -> None:
        """Read the study where callbacks may look at it."""
        if self.callbacks and self.engine.storage.shared:
            self.engine.refresh()

    def _follow(self, ticket: Ticket, outcome: Outcome, row: TrialRow | None) -> None:
        """Run the callbacks after an outcome was stored, and raise what `catch` does not name."""
        e = outcome.exception
        if (broken := find_broken_executor(outcome)) is not None:  # the trial can go on
            raise broken
        if row is None:
            machine_error = find_machine_error(outcome)
            is_offered_again = machine_error or isinstance(e, WorkerDiedError | MemoryError)
            if is_offered_again:
                self.asking.count_again(ticket)
            if machine_error is not None and not is_storage_that_answers(machine_error):
                self._require_passing(ticket, machine_error)
            return
        log_end(self.engine, row)
        if row.state == State.PAUSED:
            return
        for call in self.callbacks:
            call(row)
        if e is not None and not isinstance(e, (*NOT_THE_OBJECTIVE, *self.caught)):
            raise e
        release_frames(e)

    def _require_passing(self, ticket: Ticket, e: MachineError) -> None:
        """End the run with an error of the machine after which it cannot go on.

        A storage that took the trial back answers again. Other places were waited for in vain.
        """
        self._n_given_back[ticket.number] += 1
        is_over = isinstance(e, StorageUnreachableError | StorageFullError)
        if not is_over or self._n_given_back[ticket.number] >= _MAX_GIVEN_BACK:
            raise e
        logger.warning("trial %d is offered again: %s", ticket.number, e)

    def settle(self, ticket: Ticket, outcome: Outcome, retried: bool) -> TrialRow | None:
        """Store an outcome, or release the trial if it is not to blame for its end.

        Returns:
            The row; None when the trial is not over.
        """
        row = None
        try:
            if outcome.exception is None:
                row = self._end(ticket, outcome)
            else:
                row = self._settle_failed(ticket, outcome, retried)
        except LeaseLostError as lost:
            logger.warning("%s", lost)
            self.engine.forget(ticket.number)
        self.held.pop(ticket.number, None)  # unless we were interrupted
        return row

    def _settle_failed(self, ticket: Ticket, outcome: Outcome, retried: bool) -> TrialRow | None:
        """Store the outcome of a trial that an exception ended, or release the trial."""
        e = outcome.exception
        if outcome.is_excused and isinstance(e, LeaseLostError):
            raise e
        machine_error = find_machine_error(outcome)
        was_killed = (
            isinstance(e, WorkerDiedError) and e.killed and not isinstance(e, NoWorkerError)
        )
        is_broken = find_broken_executor(outcome) is not None
        if was_killed or is_broken:
            return self._offer_again(ticket, e, retried or is_broken)
        if machine_error is not None and not is_storage_that_answers(machine_error):
            # A trial that alone finds a server absent, time after time, counts for once.
            n_given_back = self._n_given_back[ticket.number] + 1
            is_absent = isinstance(machine_error, StorageUnreachableError)
            is_counted = retried and is_absent and n_given_back >= _MAX_GIVEN_BACK
            return self._offer_again(ticket, e, is_counted)
        if self._may_pass(ticket, outcome):
            return self._offer_again(ticket, e, retried)
        return self._end(ticket, outcome)

    def _end(self, ticket: Ticket, outcome: Outcome) -> TrialRow | None:
        """Store an outcome; where nothing of it can be, the trial is tried again, and counted."""
        engine = self.engine
        goes_on = self.runs_here and not self.callbacks and self.asking.wants_next(outcome)
        try:
            row, begun = engine.turn_over(
                ticket.number,
                ticket.token,
                outcome,
                engine.worker if goes_on else None,
                self.asking.bounds,
                self.reported_elsewhere,
                taken=self.held,
            )
            if begun is not None:
                self.asking.keep(begun)
            return row
        except UnstorableError as e:
            return self._offer_again(ticket, e, retried=True)

    def _may_pass(self, ticket: Ticket, outcome: Outcome) -> bool:
        """Whether others may have used the memory, or harmed the storage, that a trial lacked.

        As after the system has killed a worker for its memory, that is so a few times.
        """
        if isinstance(outcome.exception, TrialMemoryError):
            return False
        lacks_memory = isinstance(outcome.exception, MemoryError)
        if not lacks_memory and find_machine_error(outcome) is None:
            return False
        [row] = self.engine.rows([ticket.number])
        return row.retries < self.engine.storage.max_retries

    def _offer_again(
        self, ticket: Ticket, e: BaseException | None, retried: bool
    ) -> TrialRow | None:
        """Release a trial that is not to blame; its row if that happened too often."""
        self.engine.release(ticket.number, ticket.token, retried)
        [row] = self.engine.rows([ticket.number])
        if row.state == State.FAILED:
            return row
        level = logging.WARNING if retried else logging.INFO
        logger.log(level, "trial %d is offered again: %s", ticket.number, e)
        return None

    def store_late(self, ticket: Ticket, outcome: Outcome) -> None:
        """Store an outcome that came in while, or after, something made us stop."""
        try:
            self.settle(ticket, outcome, retried=False)
        except LuthierError as e:
            logger.warning("trial %d: %s", ticket.number, e)
            if isinstance(e, StorageUnreachableError):
                return
            with contextlib.suppress(LuthierError):
                self.engine.release(ticket.number, ticket.token, retried=False)

    def release_all(self, reason: BaseException) -> None:
        """Release what was asked for and is not over.

        A server that has stayed away is not asked again: one that hangs takes its time each time.
        """
        if os.getpid() != self.process:
            return
        held = dict(self.held)
        self.held.clear()
        try:
            if isinstance(reason, StorageUnreachableError):
                raise reason
            for ticket in held.values():
                self.engine.release(ticket.number, ticket.token, retried=False)
            self.engine.release_unnoted()
        except LuthierError as e:
            if not held:
                return
            logger.warning(
                "could not give back trials %s, which are offered again when their leases have run "
                "out: %s",
                sorted(held),
                e,
            )

    # -- running --------------------------------------------------------------------------------

    def run_here(self) -> None:
        """One trial after the other, in this thread."""
        self.runs_here = True
        try:
            while (ticket := self._ask()) is not None:
                self.take_in(ticket, execute(self.objective, self.engine.trial(ticket)))
        except BaseException as e:  # Ctrl-C: the trial goes back, somebody resumes it
            self.release_all(e)
            raise

    def run_batches(self, size: int) -> None:
        """Batches of up to `size` trials, one after the other, in this thread."""
        try:
            while tickets := self.ask_all(size):
                run_batch(self, cast("BatchObjective", self.objective), tickets)
        except BaseException as e:
            self.release_all(e)
            raise

    def run_in(self, executor: cf.Executor, n_jobs: int, window: int | None) -> None:
        """`n_jobs` trials at a time, in an executor.

        Args:
            executor: Where they run.
            n_jobs: How many at a time.
            window: Not None where results are taken in in trial order, so that they do not depend
                on timing.
        """
        key = f"{os.getpid()}:{uuid.uuid4().hex}"
        submit = submitter(executor, self.engine, self.objective, key, window)
        self.reported_elsewhere = reports_elsewhere(executor)
        room: Callable[[], int] | None = None
        if window is None and isinstance(executor, ElasticExecutor):
            room = executor.room
        running: dict[cf.Future[Outcome | None], Ticket] = {}
        ready: dict[int, tuple[Ticket, Outcome]] = {}
        try:
            while True:
                n = n_jobs if room is None else min(n_jobs, room())
                while len(running) + len(ready) < n and (ticket := self._ask()) is not None:
                    running[submit(ticket)] = ticket
                if not running and not ready:
                    return

                within_s = _PAUSED_S if self.asking.is_paused() else None
                done, _ = cf.wait(running, _ROOM_S if room else within_s, cf.FIRST_COMPLETED)
                for future in done:
                    ticket = running.pop(future)
                    outcome = outcome_of(future, ticket)
                    if outcome is None:
                        running[submit(ticket, whole=True)] = ticket
                    else:
                        ready[ticket.number] = (ticket, outcome)
                self._take_in_ready(ready, running.values(), in_order=window is not None)
        except BaseException as e:
            self._wind_down(executor, running, ready, e)
            raise
        finally:
            forget(key)

    def _take_in_ready(
        self,
        ready: dict[int, tuple[Ticket, Outcome]],
        running: Collection[Ticket],
        in_order: bool,
    ) -> None:
        """Take in outcomes by trial number; where order counts, none before an earlier trial's."""
        while ready:
            number = min(ready)
            if in_order and any(ticket.number < number for ticket in running):
                return
            self.take_in(*ready.pop(number))
            if in_order:  # the next trial is asked for before anything later is taken in
                return

    def _wind_down(
        self,
        executor: cf.Executor,
        running: dict[cf.Future[Outcome | None], Ticket],
        ready: dict[int, tuple[Ticket, Outcome]],
        reason: BaseException,
    ) -> None:
        """After an error or Ctrl-C: end what can be ended, store what came in, release the rest."""
        if os.getpid() != self.process:
            return
        if isinstance(executor, TrialExecutor):  # it can end what runs
            executor.shutdown(wait=False, cancel_futures=True)
        for future, ticket in running.items():
            if future.cancel():
                continue
            # A thread cannot be ended: its result is stored when it comes.
            self.held.pop(ticket.number, None)
            future.add_done_callback(partial(_store_late, self, ticket))
        for ticket, outcome in ready.values():
            self.store_late(ticket, outcome)
        self.release_all(reason)


def _store_late(loop: _Loop, ticket: Ticket, future: cf.Future[Outcome | None]) -> None:
    outcome = outcome_of(future, ticket)
    if outcome is None:
        error = WorkerDiedError("it had no objective", killed=True)
        outcome = outcome_of_failure(error, notes_of(ticket))
    loop.store_late(ticket, outcome)
