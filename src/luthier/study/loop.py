"""The run loop: asks for trials, keeps them running somewhere, takes in what becomes of them."""

from __future__ import annotations

import concurrent.futures as cf
import contextlib
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .. import executors
from ..errors import (
    LeaseLostError,
    LuthierError,
    SpaceExhaustedError,
    TrialMemoryError,
    TrialTimeoutError,
    WorkerDiedError,
)
from ..schedulers.base import Next
from ..stopping import StopRule
from ..trial.handle import Trial
from ..trial.outcome import Objective, Outcome, execute, failed
from ..trial.record import State, TrialRow
from .remote import _HERE, submitter
from .turns import end, release, release_forgotten

if TYPE_CHECKING:
    from .study import Callback, Study

logger = logging.getLogger("luthier")

# how often the storage is looked at while other processes' trials must come to something first
_POLL_S = 0.1
_ROOM_S = (
    0.1  # how often an executor that grows and shrinks is asked for how many trials it has room
)
_GOES_ON = (
    TrialTimeoutError,
    TrialMemoryError,
    WorkerDiedError,
)  # these say nothing about the objective's code


def run(
    study: Study,
    objective: Objective,
    n_trials: int | None,
    timeout_s: float | None,
    n_jobs: int,
    executor: cf.Executor | str | None,
    catch: type[BaseException] | Sequence[type[BaseException]],
    catch_as: str | None,
    callbacks: Sequence[Callback],
    progress: bool | None,
    limits: Mapping[str, float] | None,
    resources: Mapping[str, float] | None,
    reproducible: bool,
    stop: StopRule | Sequence[StopRule] = (),
    only: Collection[int] | None = None,
) -> None:
    """`Study.optimize`; its arguments are described there.

    `only` limits it to some trials that wait or have lost their worker: it ends when none of them
    can be had.
    """
    if n_trials is not None and (not isinstance(n_trials, int | np.integer) or n_trials < 0):
        raise ValueError(f"n_trials must be a whole number >= 0 or None, got {n_trials!r}")
    if timeout_s is not None and not timeout_s > 0:
        raise ValueError(f"timeout_s must be > 0 seconds or None, got {timeout_s!r}")
    if not isinstance(n_jobs, int | np.integer) or (n_jobs != -1 and n_jobs < 1):
        raise ValueError(
            f"n_jobs must be a whole number >= 1, or -1 for as many as fit, got {n_jobs!r}"
        )
    if isinstance(executor, str) and executor != "ray":
        raise ValueError(
            "executor is 'ray', an executor of concurrent.futures, or None for processes, got "
            f"{executor!r}"
        )
    if isinstance(executor, cf.Executor) and (limits or resources):
        raise ValueError(
            "limits and resources are kept by luthier's own processes, or by executor='ray'; leave "
            "out executor, or "
            "give them to its constructor"
        )
    if reproducible and executor is not None and n_jobs == -1:
        raise ValueError(
            "reproducible=True needs n_jobs in numbers: the study depends on how many trials run "
            "at a time"
        )
    if reproducible and study.scheduler is not None and study.scheduler.resumes and n_jobs != 1:
        raise ValueError(
            f"{study.scheduler!r} resumes trials whenever a worker is free, which is a matter of "
            "timing: "
            "reproducible=True with several jobs takes a scheduler that never pauses, such as "
            "ASHA(mode='stopping')"
        )
    if catch_as not in (None, "failed", "infeasible"):
        raise ValueError(f"catch_as is 'failed' or 'infeasible', got {catch_as!r}")
    if callable(callbacks):
        raise ValueError(
            f"callbacks is a list of functions, got {callbacks!r}; write "
            f"[{getattr(callbacks, '__name__', '...')}]"
        )
    rules = (
        (stop,)
        if isinstance(stop, StopRule)
        else tuple(stop)
        if isinstance(stop, Sequence)
        else (stop,)
    )
    for rule in rules:
        if not isinstance(rule, StopRule):
            raise ValueError(
                "stop is a rule such as luthier.stopping.NoImprovement(50), or a list, got "
                f"{rule!r}"
            )
    caught = (catch,) if isinstance(catch, type) else tuple(catch)
    owned: cf.Executor | None = None
    if isinstance(executor, str):
        executor = owned = executors.Ray(n_jobs, resources, limits)
    elif executor is None and (n_jobs != 1 or limits or resources):
        from ..executors.resources import capacity

        n_jobs = capacity(resources) if n_jobs == -1 else n_jobs
        executor = owned = executors.Processes(n_jobs, limits=limits, resources=resources)
    if n_jobs == -1:
        n_jobs = sys.maxsize if hasattr(executor, "room") else os.cpu_count() or 1
    study._stopped = False
    if only is None:
        study.stop_reason = None
        study._objective = objective
        with study._lock:
            if study.storage.shared:
                study._take(study.storage.study(study.name).spec)
                study._refresh()
                study._lineage.sweep()
            if catch_as is not None and study.history.crash != (catch_as == "infeasible"):
                study._save(crash=catch_as)
    study._window = n_jobs if reproducible and executor is not None else None
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    from .progress import shown

    try:
        with shown(study, n_trials, timeout_s, progress) as watchers:
            loop = _Loop(
                study, objective, n_trials, deadline, caught, (*watchers, *callbacks), rules, only
            )
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
        self,
        study: Study,
        objective: Objective,
        n_trials: int | None,
        deadline: float | None,
        caught: tuple[type[BaseException], ...],
        callbacks: Sequence[Callback],
        rules: Sequence[StopRule],
        only: Collection[int] | None,
    ) -> None:
        self.study = study
        self.objective = objective
        self.deadline = deadline
        self.left = n_trials
        self.caught = caught
        self.callbacks = callbacks
        self.rules = rules
        self.only = only
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
        """Whether a stop rule finds a reason, in what all workers have done.

        Then no further trial is begun.
        """
        study = self.study
        with study._lock:
            study._refresh()
            study.stop_reason = next(
                filter(None, (rule.reason(study.history) for rule in self.rules)), None
            )
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
        if self.callbacks and self.study.storage.shared:
            with self.study._lock:
                self.study._refresh()  # they may look at the history
        for call in self.callbacks:
            call(self.study, row)
        if e is not None and not isinstance(e, (*_GOES_ON, *self.caught)):
            raise e

    def settle(self, trial: Trial, outcome: Outcome, retried: bool) -> TrialRow | None:
        """Stores an outcome, or gives the trial back if its worker was killed.

        None when it is not over.
        """
        study = self.study
        e = outcome.exception
        row = None
        try:
            if isinstance(e, LeaseLostError):
                raise e
            if not isinstance(e, cf.BrokenExecutor) and not (
                isinstance(e, WorkerDiedError) and e.killed
            ):
                row = end(study, trial, outcome)
            else:
                release(study, trial, retried or isinstance(e, cf.BrokenExecutor))
                [now] = study.storage.rows(study._id, [trial.number])
                if now.state == State.FAILED:
                    row = now
                else:
                    logger.log(
                        logging.WARNING if retried else logging.INFO,
                        "trial %d is offered again: %s",
                        trial.number,
                        e,
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
                release(self.study, trial, retried=False)

    def let_go(self) -> None:
        """Gives back what was asked for and is not over."""
        study = self.study
        held = self.held
        self.held = {}
        try:
            for trial in held.values():
                release(study, trial, retried=False)
            release_forgotten(study)
        except LuthierError as e:
            logger.warning("could not give back trials %s: %s", sorted(held), e)

    def inline(self) -> None:
        """One trial after the other, in this thread."""
        try:
            while (trial := self.ask()) is not None:
                self.take(trial, execute(self.objective, trial))
        except BaseException:  # Ctrl-C: the trial goes back, somebody resumes it
            self.let_go()
            raise

    def spread(self, executor: cf.Executor, n_jobs: int) -> None:
        """n_jobs trials at a time; in trial order where results must not depend on timing."""
        key = f"{os.getpid()}:{uuid.uuid4().hex}"
        submit = submitter(executor, self.study, self.objective, key)
        running: dict[cf.Future[Outcome | None], Trial] = {}
        ready: dict[int, tuple[Trial, Outcome]] = {}
        in_order = self.study._window is not None
        room: Callable[[], int] | None = None if in_order else getattr(executor, "room", None)
        try:
            while True:
                n = n_jobs if room is None else min(n_jobs, room())
                while len(running) + len(ready) < n and (trial := self.ask()) is not None:
                    running[submit(trial)] = trial
                if not running and not ready:
                    return
                done, _ = cf.wait(running, None if room is None else _ROOM_S, cf.FIRST_COMPLETED)
                for future in done:
                    trial = running.pop(future)
                    outcome = _outcome(future, trial)
                    if outcome is None:
                        running[submit(trial, whole=True)] = trial
                    else:
                        ready[trial.number] = (trial, outcome)
                while ready:
                    number = min(ready)
                    if in_order and any(t.number < number for t in running.values()):
                        break
                    self.take(*ready.pop(number))
                    if in_order:  # the next trial is asked for before anything later is taken in
                        break
        except BaseException:
            if hasattr(executor, "submit_with_calls"):  # one of ours, which can end what runs
                executor.shutdown(wait=False, cancel_futures=True)
            for future, trial in running.items():
                if future.cancel():
                    continue
                self.held.pop(
                    trial.number, None
                )  # a thread cannot be ended: its result is kept when it comes
                future.add_done_callback(partial(_later, self, trial))
            for trial, outcome in ready.values():
                self.keep(trial, outcome)
            self.let_go()
            raise
        finally:
            _HERE.pop(key, None)


def _later(loop: _Loop, trial: Trial, future: cf.Future[Outcome | None]) -> None:
    loop.keep(
        trial,
        _outcome(future, trial)
        or failed(WorkerDiedError("it had no objective", killed=True), trial),
    )


def _outcome(future: cf.Future[Outcome | None], trial: Trial) -> Outcome | None:
    e = future.exception()
    if type(e).__name__ == "KilledWorker":  # Dask's, of a task that several workers have died of
        e = WorkerDiedError(f"Dask: {e}")
    return future.result() if e is None else failed(e, trial)
