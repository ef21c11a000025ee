"""Why trials have ended: their objective, or what is around it."""

from __future__ import annotations

import concurrent.futures as cf

from ..errors import (
    MachineError,
    StorageError,
    StorageFullError,
    StorageUnreachableError,
    TrialMemoryError,
    TrialTimeoutError,
    WorkerDiedError,
)
from ..executors.contract import worker_died
from ..trial.notes import TrialNotes
from ..trial.outcome import Outcome, outcome_of_failure
from ..trial.ticket import Ticket

# Errors that say nothing about the objective's code: the study goes on after them.
NOT_THE_OBJECTIVE = (TrialTimeoutError, TrialMemoryError, WorkerDiedError)


def find_broken_executor(outcome: Outcome) -> cf.BrokenExecutor | None:
    """Return the error of the run's executor that cannot go on; an objective may have its own."""
    e = outcome.exception
    has_run = outcome.started_s is not None
    return e if isinstance(e, cf.BrokenExecutor) and not has_run else None


def find_machine_error(outcome: Outcome) -> MachineError | None:
    """Return the machine's error because of which a trial has ended; its own do not count."""
    e = outcome.exception
    return e if outcome.is_excused and isinstance(e, MachineError) else None


def is_storage_that_answers(e: MachineError) -> bool:
    """Whether an error is of a storage that does not pass: if that answers now, it is the trial's.

    A trial that runs elsewhere may have no way to the study.
    """
    passes = isinstance(e, StorageUnreachableError | StorageFullError)
    return isinstance(e, StorageError) and not passes


def outcome_of(future: cf.Future[Outcome | None], ticket: Ticket) -> Outcome | None:
    """Return the outcome of a trial that ran elsewhere; None where it had no objective."""
    e = future.exception()
    if e is None:
        return future.result()
    return outcome_of_failure(worker_died(e) or e, notes_of(ticket))


def notes_of(ticket: Ticket) -> TrialNotes:
    """Notes of a trial that ran elsewhere and could not report how it ended."""
    return TrialNotes(params=ticket.params, tags=ticket.tags)
