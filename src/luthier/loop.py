"""The run loop: asks for trials, keeps them running somewhere, takes in what becomes of them."""

from __future__ import annotations

import concurrent.futures as cf
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import (
    LeaseLostError,
    SpaceExhaustedError,
    StorageError,
    TrialMemoryError,
    TrialTimeoutError,
    WorkerDiedError,
)
from .executors.base import Objective, Outcome, execute, failed
from .space import Space
from .trial import Trial, TrialRow

if TYPE_CHECKING:
    from .study import Callback, Study

logger = logging.getLogger("luthier")

_GOES_ON = (TrialTimeoutError, TrialMemoryError, WorkerDiedError)  # these say nothing about the objective's code


class StudyLink:
    """A trial's way to its study in the same process."""

    __slots__ = ("number", "study", "token")

    def __init__(self, study: Study, number: int, token: int) -> None:
        self.study, self.number, self.token = study, number, token

    def report(self, step: float, value: float, checkpoint: Any, params: dict[str, Any]) -> None:
        self.study._report(self.number, self.token, step, value, checkpoint, params)

    def should_prune(self) -> bool:
        return self.study._should_prune(self.number)


def run(
    study: Study, objective: Objective, n_trials: int | None, timeout_s: float | None, n_jobs: int,
    executor: cf.Executor | None, catch: type[BaseException] | Sequence[type[BaseException]],
    callbacks: Sequence[Callback], progress: bool | None, limits: Mapping[str, float] | None,
    resources: Mapping[str, float] | None, reproducible: bool,
) -> None:  # fmt: skip
    """`Study.optimize`; its arguments are described there."""
    if n_trials is not None and n_trials < 0:
        raise ValueError(f"n_trials must be >= 0 or None, got {n_trials!r}")
    if timeout_s is not None and not timeout_s > 0:
        raise ValueError(f"timeout_s must be > 0 seconds or None, got {timeout_s!r}")
    if n_jobs != -1 and n_jobs < 1:
        raise ValueError(f"n_jobs must be >= 1, or -1 for as many as fit, got {n_jobs!r}")
    if executor is not None and (limits or resources):
        raise ValueError("limits and resources are kept by luthier's own processes; leave out executor, or them")
    caught = (catch,) if isinstance(catch, type) else tuple(catch)
    owned = None
    if executor is None and (n_jobs != 1 or limits or resources):
        from .executors.processes import Processes, capacity

        n_jobs = capacity(resources) if n_jobs == -1 else n_jobs
        executor = owned = Processes(n_jobs, limits=limits, resources=resources)
    elif n_jobs == -1:
        n_jobs = os.cpu_count() or 1
    study._stopped = False
    study._window = n_jobs if reproducible and executor is not None else None
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    from .progress import shown

    try:
        with shown(study, n_trials, timeout_s, progress) as watchers:
            loop = _Loop(study, objective, n_trials, deadline, caught, (*watchers, *callbacks))
            if executor is None:
                loop.inline()
            else:
                loop.spread(executor, n_jobs)
    finally:
        study._window = None
        if owned is not None:
            owned.shutdown(wait=False, cancel_futures=True)


class _Loop:
    """One call of `optimize`."""

    def __init__(
        self, study: Study, objective: Objective, n_trials: int | None, deadline: float | None,
        caught: tuple[type[BaseException], ...], callbacks: Sequence[Callback],
    ) -> None:  # fmt: skip
        self.study, self.objective, self.deadline = study, objective, deadline
        self.left = n_trials
        self.caught, self.callbacks = caught, callbacks
        self.m = len(study.directions)

    def ask(self) -> Trial | None:
        """The next trial, or None when a bound is reached."""
        if self.left == 0 or self.study._stopped or (self.deadline and time.monotonic() >= self.deadline):
            return None
        try:
            trial = self.study.ask()
        except SpaceExhaustedError as e:
            logger.info("%s", e)
            self.left = 0
            return None
        if self.left is not None:
            self.left -= 1
        return trial

    def take(self, trial: Trial, outcome: Outcome) -> None:
        """Stores an outcome, tells the callbacks, and raises what `catch` does not name."""
        e = outcome.exception
        if isinstance(e, LeaseLostError):
            logger.warning("%s", e)
            self.study._open.pop(trial.number, None)
            return
        if isinstance(e, WorkerDiedError) and e.killed:
            logger.warning("trial %d is offered again: %s", trial.number, e)
            self.study._release(trial, retried=True)
            if self.left is not None:
                self.left += 1
            return
        try:
            row = self.study._finish(trial, outcome)
        except LeaseLostError as lost:
            logger.warning("%s", lost)
            return
        if outcome.error:
            logger.warning("trial %d failed: %s", trial.number, outcome.error.splitlines()[0])
        for call in self.callbacks:
            call(self.study, row)
        if e is not None and not isinstance(e, (*_GOES_ON, *self.caught)):
            raise e

    def inline(self) -> None:
        """One trial after the other, in this thread."""
        while (trial := self.ask()) is not None:
            try:
                outcome = execute(self.objective, trial, self.m)
            except BaseException:  # Ctrl-C: the trial goes back, somebody resumes it
                self.study._release(trial, retried=False)
                raise
            self.take(trial, outcome)

    def spread(self, executor: cf.Executor, n_jobs: int) -> None:
        """n_jobs trials at a time; in trial order where results must not depend on timing."""
        submit = _submitter(executor, self.study, self.objective, self.m)
        running: dict[cf.Future[Outcome], Trial] = {}
        ready: dict[int, tuple[Trial, Outcome]] = {}
        in_order = self.study._window is not None
        try:
            while True:
                while len(running) + len(ready) < n_jobs and (trial := self.ask()) is not None:
                    running[submit(trial)] = trial
                if not running and not ready:
                    return
                done, _ = cf.wait(running, return_when=cf.FIRST_COMPLETED)
                for future in done:
                    trial = running.pop(future)
                    ready[trial.number] = (trial, _outcome(future, trial))
                while ready:
                    number = min(ready)
                    if in_order and any(t.number < number for t in running.values()):
                        break
                    self.take(*ready.pop(number))
                    if in_order:  # the next trial is asked for before anything later is taken in
                        break
        except BaseException:
            from .executors.processes import Processes

            if isinstance(executor, Processes):
                executor.shutdown(wait=False, cancel_futures=True)
            for future, trial in running.items():
                if future.cancel() or isinstance(executor, Processes):
                    self.study._release(trial, retried=False)
            for trial, outcome in ready.values():  # finished results are kept whatever made us stop
                self.study._finish(trial, outcome)
            raise


def _outcome(future: cf.Future[Outcome], trial: Trial) -> Outcome:
    e = future.exception()
    return future.result() if e is None else failed(e, trial)


def _submitter(
    executor: cf.Executor, study: Study, objective: Objective, m: int
) -> Callable[[Trial], cf.Future[Outcome]]:
    """How this executor is handed a trial: directly, over a pipe, or by the storage's address."""
    from .executors.processes import Processes, Shared

    if isinstance(executor, cf.ThreadPoolExecutor):
        return lambda trial: executor.submit(execute, objective, trial, m)
    if isinstance(executor, Processes):
        shared = Shared(objective)
        spaces: dict[int, tuple[Space, Shared]] = {}

        def over_pipe(trial: Trial) -> cf.Future[Outcome]:
            _, space = spaces.setdefault(id(trial._space), (trial._space, Shared(trial._space)))
            link = StudyLink(study, trial.number, trial.token)
            ticket = (trial.number, trial._proposal, study._seed, trial.checkpoint, trial.token, study._declared, trial.tags)
            return executor.submit_with_calls(
                {"report": link.report, "should_prune": link.should_prune}, _piped, shared, space, ticket, m
            )

        return over_pipe
    key, url = f"{os.getpid()}:{uuid.uuid4().hex}", study.storage.url
    _HERE[key] = (study, objective)
    import cloudpickle

    packed = cloudpickle.dumps(objective)

    def by_address(trial: Trial) -> cf.Future[Outcome]:
        ticket = (trial.number, trial._proposal, study._seed, trial.checkpoint, trial.token, study._declared, trial.tags)
        return executor.submit(_addressed, key, url, study.name, packed, ticket, m)

    return by_address


_Ticket = tuple[int, Mapping[str, Any], int, Any, int, bool, dict[str, Any]]
_HERE: dict[str, tuple[Study, Objective]] = {}  # studies of this process, for executors that turn out to be threads
_THERE: dict[tuple[str, str], Study] = {}  # studies that a foreign worker has opened by their address


def handle(ticket: _Ticket, space: Space, link: Any) -> Trial:
    """The handle of a trial that was begun elsewhere."""
    number, proposal, seed, checkpoint, token, declared, tags = ticket
    trial = Trial(number, proposal, space, seed, link, checkpoint, token, declared)
    trial.tags = dict(tags)
    return trial


class _PipeLink:
    """A trial's way to its study from one of luthier's own processes."""

    def report(self, step: float, value: float, checkpoint: Any, params: dict[str, Any]) -> None:
        from .executors.worker import call

        call("report", step, value, checkpoint, params)

    def should_prune(self) -> bool:
        from .executors.worker import call

        return bool(call("should_prune"))


def _piped(objective: Objective, space: Space, ticket: _Ticket, m: int) -> Outcome:
    return execute(objective, handle(ticket, space, _PipeLink()), m)


class _NoLink:
    """A trial that runs where its study cannot be reached."""

    def _refuse(self) -> StorageError:
        return StorageError(
            "a study in memory cannot be reached from another executor's process, so trials there cannot report; "
            "pass storage='sqlite:///luthier.db' to create_study, or n_jobs instead of executor"
        )

    def report(self, step: float, value: float, checkpoint: Any, params: dict[str, Any]) -> None:
        raise self._refuse()

    def should_prune(self) -> bool:
        raise self._refuse()


def _addressed(key: str, url: str | None, name: str, packed: bytes, ticket: _Ticket, m: int) -> Outcome:
    """Runs in a foreign executor's worker: a thread of this process, another process, another machine."""
    number, token = ticket[0], ticket[4]
    if key in _HERE and key.startswith(f"{os.getpid()}:"):  # a forked child has the table too, but not the study
        study, objective = _HERE[key]
        return execute(objective, handle(ticket, study.space, StudyLink(study, number, token)), m)
    import cloudpickle

    objective = cloudpickle.loads(packed)
    if url is None:
        return execute(objective, handle(ticket, Space(), _NoLink()), m)
    if (url, name) not in _THERE:
        from .study import load_study

        _THERE[url, name] = load_study(name, url)
    study = _THERE[url, name]
    return execute(objective, handle(ticket, study.space, StudyLink(study, number, token)), m)


