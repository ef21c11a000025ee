"""The run loop: asks for trials, keeps them running somewhere, takes in what becomes of them."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from .errors import (
    LeaseLostError,
    LuthierError,
    SpaceExhaustedError,
    StorageError,
    TrialMemoryError,
    TrialTimeoutError,
    WorkerDiedError,
)
from .executors.base import Objective, Outcome, execute, failed
from .schedulers.base import Next
from .space import Space
from .stopping import StopRule
from .trial import Decision, Keeper, Link, State, Told, Trial, TrialRow
from .turns import end

if TYPE_CHECKING:
    from .study import Callback, Study

logger = logging.getLogger("luthier")

_POLL_S = 0.1  # how often the storage is looked at while other processes' trials must come to something first
_GOES_ON = (TrialTimeoutError, TrialMemoryError, WorkerDiedError)  # these say nothing about the objective's code


class StudyLink:
    """A trial's way to its study in the same process."""

    __slots__ = ("number", "study", "token")

    def __init__(self, study: Study, number: int, token: int) -> None:
        self.study, self.number, self.token = study, number, token

    def report(self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]) -> None:
        self.study._report(self.number, self.token, step, value, reference, params)

    def decide(self) -> Decision:
        return self.study._decide(self.number)


def run(
    study: Study, objective: Objective, n_trials: int | None, timeout_s: float | None, n_jobs: int,
    executor: cf.Executor | None, catch: type[BaseException] | Sequence[type[BaseException]],
    callbacks: Sequence[Callback], progress: bool | None, limits: Mapping[str, float] | None,
    resources: Mapping[str, float] | None, reproducible: bool, stop: StopRule | Sequence[StopRule] = (),
    only: Collection[int] | None = None,
) -> None:  # fmt: skip
    """`Study.optimize`; its arguments are described there.

    `only` limits it to some trials that wait or have lost their worker: it ends when none of them can be had.
    """
    if n_trials is not None and (not isinstance(n_trials, int | np.integer) or n_trials < 0):
        raise ValueError(f"n_trials must be a whole number >= 0 or None, got {n_trials!r}")
    if timeout_s is not None and not timeout_s > 0:
        raise ValueError(f"timeout_s must be > 0 seconds or None, got {timeout_s!r}")
    if not isinstance(n_jobs, int | np.integer) or (n_jobs != -1 and n_jobs < 1):
        raise ValueError(f"n_jobs must be a whole number >= 1, or -1 for as many as fit, got {n_jobs!r}")
    if executor is not None and (limits or resources):
        raise ValueError("limits and resources are kept by luthier's own processes; leave out executor, or them")
    if reproducible and study.scheduler is not None and study.scheduler.resumes and n_jobs != 1:
        raise ValueError(
            f"{study.scheduler!r} resumes trials whenever a worker is free, which is a matter of timing: "
            "reproducible=True with several jobs takes a scheduler that never pauses, such as ASHA(mode='stopping')"
        )
    if callable(callbacks):
        raise ValueError(
            f"callbacks is a list of functions, got {callbacks!r}; write [{getattr(callbacks, '__name__', '...')}]"
        )
    rules = (stop,) if isinstance(stop, StopRule) else tuple(stop) if isinstance(stop, Sequence) else (stop,)
    for rule in rules:
        if not isinstance(rule, StopRule):
            raise ValueError(f"stop is a rule such as luthier.stopping.NoImprovement(50), or a list, got {rule!r}")
    caught = (catch,) if isinstance(catch, type) else tuple(catch)
    owned = None
    if executor is None and (n_jobs != 1 or limits or resources):
        from .executors.processes import Processes
        from .executors.resources import capacity

        n_jobs = capacity(resources) if n_jobs == -1 else n_jobs
        executor = owned = Processes(n_jobs, limits=limits, resources=resources)
    elif n_jobs == -1:
        n_jobs = os.cpu_count() or 1
    study._stopped = False
    if only is None:
        study.stop_reason, study._objective = None, objective
        if study.storage.shared:
            with study._lock:
                study._refresh()
                study._lineage.sweep()
    study._window = n_jobs if reproducible and executor is not None else None
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    from .progress import shown

    try:
        with shown(study, n_trials, timeout_s, progress) as watchers:
            loop = _Loop(study, objective, n_trials, deadline, caught, (*watchers, *callbacks), rules, only)
            if executor is None:
                loop.inline()
            else:
                loop.spread(executor, n_jobs)
    finally:
        study._window = None
        if only is None:
            study.history.budget = None  # `ask` knows of no end
        if owned is not None:
            owned.shutdown(wait=False, cancel_futures=True)


class _Loop:
    """One call of `optimize`."""

    def __init__(
        self, study: Study, objective: Objective, n_trials: int | None, deadline: float | None,
        caught: tuple[type[BaseException], ...], callbacks: Sequence[Callback], rules: Sequence[StopRule],
        only: Collection[int] | None,
    ) -> None:  # fmt: skip
        self.study, self.objective, self.deadline = study, objective, deadline
        self.left = n_trials
        self.caught, self.callbacks, self.rules, self.only = caught, callbacks, rules, only
        self.m = len(study.directions)
        self.held: dict[int, Trial] = {}  # asked for, and neither stored nor given back

    def ask(self) -> Trial | None:
        """The next trial; None when a bound is reached, or none can be had before one that runs here is over."""
        while not self.study._stopped and not (self.deadline and time.monotonic() >= self.deadline):
            if self.rules and self.over():
                return None
            try:
                trial = self.study._ask(self.held, self.only, self.left)
            except SpaceExhaustedError as e:
                logger.info("%s", e)
                self.left = 0
                continue
            if isinstance(trial, Trial):
                if self.left and self._is_new(trial):
                    self.left -= 1
                return trial
            others = len(self.study.history.running) - len(self.held)
            if trial is Next.DONE or self.held or self.left == 0 or not others:
                return None
            time.sleep(_POLL_S)
        return None

    def _is_new(self, trial: Trial) -> bool:
        """Whether a trial was never paused: only those count for `n_trials`."""
        return trial.number not in self.study.history.turns

    def over(self) -> bool:
        """Whether a stop rule finds a reason, in what all workers have done; then no further trial is begun."""
        study = self.study
        with study._lock:
            study._refresh()
            study.stop_reason = next(filter(None, (rule.reason(study.history) for rule in self.rules)), None)
            study._stopped = study._stopped or study.stop_reason is not None
        if study.stop_reason is not None:
            logger.info("study %r stops: %s", study.name, study.stop_reason)
        return study._stopped

    def take(self, trial: Trial, outcome: Outcome) -> None:
        """Stores an outcome, tells the callbacks, and raises what `catch` does not name."""
        row = self.settle(trial, outcome, retried=True)
        e = outcome.exception
        if isinstance(e, cf.BrokenExecutor):  # it cannot go on, but the trial can
            raise e
        if row is None:
            if isinstance(e, WorkerDiedError) and self.left is not None and self._is_new(trial):
                self.left += 1
            return
        if row.state == State.PAUSED:
            return
        if row.error:
            logger.warning("trial %d failed: %s", trial.number, row.error.splitlines()[0])
        for call in self.callbacks:
            call(self.study, row)
        if e is not None and not isinstance(e, (*_GOES_ON, *self.caught)):
            raise e

    def settle(self, trial: Trial, outcome: Outcome, retried: bool) -> TrialRow | None:
        """Stores an outcome, or gives the trial back if its worker was killed; None when it is not over."""
        study, e, row = self.study, outcome.exception, None
        try:
            if isinstance(e, LeaseLostError):
                raise e
            if not isinstance(e, cf.BrokenExecutor) and not (isinstance(e, WorkerDiedError) and e.killed):
                row = end(study, trial, outcome)
            else:
                study._release(trial, retried or isinstance(e, cf.BrokenExecutor))
                [now] = study.storage.rows(study._id, [trial.number])
                if now.state == State.FAILED:
                    row = now
                else:
                    logger.log(
                        logging.WARNING if retried else logging.INFO, "trial %d is offered again: %s", trial.number, e
                    )
        except LeaseLostError as lost:
            logger.warning("%s", lost)
            study._open.pop(trial.number, None)
        self.held.pop(trial.number, None)  # unless we were interrupted
        return row

    def keep(self, trial: Trial, outcome: Outcome) -> None:
        """Stores an outcome that came in while, or after, something made us stop."""
        try:
            self.settle(trial, outcome, retried=False)
        except LuthierError as e:
            logger.warning("trial %d: %s", trial.number, e)
            with contextlib.suppress(LuthierError):
                self.study._release(trial, retried=False)

    def let_go(self) -> None:
        """Gives back what was asked for and is not over."""
        study, held, self.held = self.study, self.held, {}
        try:
            for trial in held.values():
                study._release(trial, retried=False)
            study._release_forgotten()
        except LuthierError as e:
            logger.warning("could not give back trials %s: %s", sorted(held), e)

    def inline(self) -> None:
        """One trial after the other, in this thread."""
        try:
            while (trial := self.ask()) is not None:
                self.take(trial, execute(self.objective, trial, self.m))
        except BaseException:  # Ctrl-C: the trial goes back, somebody resumes it
            self.let_go()
            raise

    def spread(self, executor: cf.Executor, n_jobs: int) -> None:
        """n_jobs trials at a time; in trial order where results must not depend on timing."""
        key = f"{os.getpid()}:{uuid.uuid4().hex}"
        submit = _submitter(executor, self.study, self.objective, self.m, key)
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
                if future.cancel():
                    continue
                self.held.pop(trial.number, None)  # a thread cannot be ended: its result is kept when it comes
                future.add_done_callback(partial(_later, self, trial))
            for trial, outcome in ready.values():
                self.keep(trial, outcome)
            self.let_go()
            raise
        finally:
            _HERE.pop(key, None)


def _later(loop: _Loop, trial: Trial, future: cf.Future[Outcome]) -> None:
    loop.keep(trial, _outcome(future, trial))


def _outcome(future: cf.Future[Outcome], trial: Trial) -> Outcome:
    e = future.exception()
    return future.result() if e is None else failed(e, trial)


def _submitter(
    executor: cf.Executor, study: Study, objective: Objective, m: int, key: str
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
            return executor.submit_with_calls(
                {"report": link.report, "decide": link.decide},
                _piped,
                shared,
                space,
                _ticket(study, trial),
                m,
            )

        return over_pipe
    _HERE[key] = (study, objective)
    import cloudpickle

    url, packed = study.storage.url, cloudpickle.dumps((objective, study.scheduler, study._window))

    def by_address(trial: Trial) -> cf.Future[Outcome]:
        return executor.submit(_addressed, key, url, study.name, packed, _ticket(study, trial), m)

    return by_address


class Ticket(NamedTuple):
    """What another process needs to make the handle of a trial that was begun here."""

    number: int
    proposal: Mapping[str, Any]
    seed: int
    keeper: Keeper
    references: Sequence[dict[str, Any]]
    token: int
    declared: bool
    tags: dict[str, Any]


_HERE: dict[str, tuple[Study, Objective]] = {}  # studies of this process, for executors that turn out to be threads
_THERE: dict[str, tuple[Study | None, Objective]] = {}  # what a foreign worker has opened by its address; the last


def begun(study: Study, row: TrialRow) -> Trial:
    """The handle of a trial that this process has just begun."""
    keeper = study._lineage.store
    ticket = Ticket(
        row.number, row.params, study._seed, keeper, row.checkpoints, row.token, study._declared, dict(row.tags)
    )
    return handle(ticket, study.history.space, StudyLink(study, row.number, row.token))


def _ticket(study: Study, trial: Trial) -> Ticket:
    """The ticket of a trial whose handle was made here."""
    keeper = study._lineage.store
    return Ticket(
        trial.number, trial._proposal, study._seed, keeper, trial._references, trial.token, study._declared, trial.tags
    )


def handle(ticket: Ticket, space: Space, link: Link) -> Trial:
    """The handle of a trial, wherever it runs."""
    t = ticket
    trial = Trial(t.number, t.proposal, space, t.seed, link, t.keeper, t.references, t.token, t.declared)
    trial.tags = dict(t.tags)
    return trial


class _PipeLink:
    """A trial's way to its study from one of luthier's own processes."""

    def report(self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]) -> None:
        from .executors.worker import call

        call("report", step, value, reference, params)

    def decide(self) -> Decision:
        from .executors.worker import call

        return Decision(call("decide"))


def _piped(objective: Objective, space: Space, ticket: Ticket, m: int) -> Outcome:
    return execute(objective, handle(ticket, space, _PipeLink()), m)


class _NoLink:
    """A trial that runs where its study cannot be reached."""

    def _refuse(self) -> StorageError:
        return StorageError(
            "a study in memory cannot be reached from another executor's process, so trials there cannot report; "
            "pass storage='sqlite:///luthier.db' to create_study, or n_jobs instead of executor"
        )

    def report(self, step: float, value: Told, reference: dict[str, Any] | None, params: dict[str, Any]) -> None:
        raise self._refuse()

    def decide(self) -> Decision:
        raise self._refuse()


def _addressed(key: str, url: str | None, name: str, packed: bytes, ticket: Ticket, m: int) -> Outcome:
    """Runs in a foreign executor's worker: a thread of this process, another process, another machine."""
    number, token = ticket.number, ticket.token
    if key in _HERE and key.startswith(f"{os.getpid()}:"):  # a forked child has the table too, but not the study
        study, objective = _HERE[key]
        return execute(objective, handle(ticket, study.space, StudyLink(study, number, token)), m)
    found = _THERE.get(key)
    if found is None:
        import cloudpickle

        from .studies import load_study

        objective, scheduler, window = cloudpickle.loads(packed)
        there = (
            None if url is None else load_study(name, url, scheduler=scheduler, checkpoints=cast(Any, ticket.keeper))
        )
        if there is not None:
            there._window = window
        _THERE.clear()
        found = _THERE[key] = (there, objective)
    there, objective = found
    link = _NoLink() if there is None else StudyLink(there, number, token)
    return execute(objective, handle(ticket, Space() if there is None else there.space, link), m)
