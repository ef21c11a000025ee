"""Trials that run elsewhere: how an executor is handed a trial, and how it reaches its study."""

from __future__ import annotations

import concurrent.futures as cf
import os
from collections.abc import Callable
from typing import Any, Protocol, cast

from msgspec.structs import replace

from ..errors import StorageError
from ..executors.contract import TrialExecutor
from ..space.space import Space
from ..trial.handle import Trial
from ..trial.outcome import Objective, Outcome, execute, outcome_of_failure, release_frames
from ..trial.record import Decision, ReportValue
from ..trial.ticket import Ticket
from .engine import Engine
from .engine_link import EngineLink
from .opening import open_engine
from .travelling import pack

_SMALL = 100_000  # bytes of an objective that travel with every trial; larger ones on demand


class Submit(Protocol):
    """A way to hand a trial to an executor."""

    def __call__(self, ticket: Ticket, whole: bool = False) -> cf.Future[Outcome | None]:
        """Hand a trial over.

        Args:
            ticket: The trial.
            whole: Send the objective with it, whatever its size.

        Returns:
            Its outcome; None where the worker has no objective and it must be sent again, whole.
        """


def submitter(
    executor: cf.Executor, engine: Engine, objective: Objective, key: str, window: int | None
) -> Submit:
    """The way in which an executor is handed trials.

    Threads get the handle itself, luthier's own processes talk with this one while the trial runs,
    and all others open the study by the address of its storage.

    Args:
        executor: Where trials run.
        engine: The study.
        objective: What is run.
        key: Marks this run, so that workers know again what they have opened for it.
        window: See `Engine.decide`.
    """
    if isinstance(executor, cf.ThreadPoolExecutor):
        return _submit_to_threads(executor, engine, objective, window)
    if isinstance(executor, TrialExecutor):
        return _submit_with_calls(executor, engine, objective, window)
    return _submit_by_address(executor, engine, objective, key, window)


def reports_elsewhere(executor: cf.Executor) -> bool:
    """Whether trials there report to the storage, and not through this process."""
    threads = isinstance(executor, cf.ThreadPoolExecutor)
    return not threads and not isinstance(executor, TrialExecutor)


def forget(key: str) -> None:
    """Forget a run that is over."""
    _local_studies.pop(key, None)


def _submit_to_threads(
    executor: cf.Executor, engine: Engine, objective: Objective, window: int | None
) -> Submit:
    def submit(ticket: Ticket, whole: bool = False) -> cf.Future[Outcome | None]:
        future = executor.submit(_run_in_thread, objective, engine.trial(ticket, window))
        return cast("cf.Future[Outcome | None]", future)

    return submit


def _submit_with_calls(
    executor: TrialExecutor, engine: Engine, objective: Objective, window: int | None
) -> Submit:
    shared = pack(objective, executor.put)
    spaces: dict[int, tuple[Space, Any]] = {}  # each version of the space is sent once

    def submit(ticket: Ticket, whole: bool = False) -> cf.Future[Outcome | None]:
        space = engine.history.space
        if id(space) not in spaces:
            spaces[id(space)] = space, executor.put(space)
        _, shared_space = spaces[id(space)]
        link = EngineLink(engine, ticket.number, ticket.token, window)
        calls: dict[str, Callable[..., Any]] = {"report": link.report, "decide": link.decide}
        future = executor.submit_with_calls(calls, _run_with_calls, shared, shared_space, ticket)
        return cast("cf.Future[Outcome | None]", future)

    return submit


def _submit_by_address(
    executor: cf.Executor, engine: Engine, objective: Objective, key: str, window: int | None
) -> Submit:
    import cloudpickle

    url = engine.storage.url
    space = engine.history.space

    def dump(objective: Objective) -> bytes:
        return bytes(cloudpickle.dumps((objective, engine.scheduler, window, space)))

    packed = pack(objective, dump)
    _local_studies[key] = _Opened(engine, objective, window, space)

    def submit(ticket: Ticket, whole: bool = False) -> cf.Future[Outcome | None]:
        sent = packed if whole or len(packed) <= _SMALL else None
        return executor.submit(_run_by_address, key, url, engine.name, sent, ticket)

    return submit


class _Opened:
    """A study as trials of one run reach it.

    Attributes:
        engine: The study; None where its storage cannot be reached from here.
        objective: What is run.
        window: See `Engine.decide`.
        space: The study's, as it was known when the run began.
    """

    def __init__(
        self, engine: Engine | None, objective: Objective, window: int | None, space: Space
    ) -> None:
        self.engine = engine
        self.objective = objective
        self.window = window
        self.space = space


# Studies of this process, for executors that turn out to be threads.
_local_studies: dict[str, _Opened] = {}

# What a foreign worker has opened by its address: only the last run's.
_opened_studies: dict[str, _Opened] = {}


class _CallingLink:
    """A trial's way to its study in the process that handed it over."""

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        from ..executors.worker import call  # loads multiprocessing, which a worker process has

        call("report", step, value, reference, params)

    def decide(self) -> Decision:
        from ..executors.worker import call

        return Decision(call("decide"))


class _NoLink:
    """The link of a trial that runs where its study cannot be reached."""

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        raise self._error()

    def decide(self) -> Decision:
        raise self._error()

    def _error(self) -> StorageError:
        return StorageError(
            "a study in memory cannot be reached from another executor's process, so trials there "
            "cannot report; pass storage='sqlite:///luthier.db' to create_study, or n_jobs instead "
            "of executor"
        )


def _run_in_thread(objective: Objective, trial: Trial) -> Outcome:
    """Run a trial in a thread of this process; nothing that it noted is lost, however it ends."""
    try:
        return execute(objective, trial)
    except BaseException as e:
        return outcome_of_failure(e, trial.notes())


def _run_with_calls(objective: Objective, space: Space, ticket: Ticket) -> Outcome:
    """Run a trial in one of luthier's own processes."""
    outcome = execute(objective, Trial(ticket, space, _CallingLink()))
    release_frames(outcome.exception)  # which travels without them
    return outcome


def _run_by_address(
    key: str, url: str | None, name: str, packed: bytes | None, ticket: Ticket
) -> Outcome | None:
    """Run a trial in a foreign executor's worker.

    That may be a thread of this process, another process, or another machine.
    """
    # A forked child has the table of its parent too, but not the parent's studies.
    local = _local_studies.get(key) if key.startswith(f"{os.getpid()}:") else None
    if local is not None and local.engine is not None:
        return execute(local.objective, local.engine.trial(ticket, local.window))

    opened = _opened_studies.get(key)
    if opened is None:
        if packed is None:
            return None
        opened = _open(url, name, packed, ticket)
        _opened_studies.clear()
        _opened_studies[key] = opened
    if opened.engine is None:
        return execute(opened.objective, Trial(ticket, opened.space, _NoLink()))

    # The executor may have begun the trial before, on a worker that died.
    [row] = opened.engine.rows([ticket.number])
    ticket = replace(ticket, references=row.checkpoints)
    return execute(opened.objective, opened.engine.trial(ticket, opened.window))


def _open(url: str | None, name: str, packed: bytes, ticket: Ticket) -> _Opened:
    import cloudpickle

    objective, scheduler, window, space = cloudpickle.loads(packed)
    engine = None
    if url is not None:
        store = cast(Any, ticket.keeper)
        engine = open_engine(name, url, scheduler=scheduler, checkpoints=store)
    return _Opened(engine, objective, window, space)
