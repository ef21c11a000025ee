"""Settings of a run of trials, checked before it begins."""

from __future__ import annotations

import concurrent.futures as cf
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from ..schedulers.base import Scheduler
from ..stopping import StopRule
from ..validation import show, to_number

_MAX_JOBS = 100_000


class Bounds(msgspec.Struct, frozen=True):
    """How many trials may still be begun.

    Attributes:
        n_left: By this run; None for no bound.
        total: How many the study may have in all, whoever begins them; None for no bound.
    """

    n_left: int | None = None
    total: int | None = None

    def count_left(self, n_begun: int) -> int | None:
        """Return how many may be begun now; None for no bound.

        Args:
            n_begun: How many the study has. One that is run again, as its worker died, is among
                them.
        """
        if self.total is None:
            return self.n_left
        n_more = max(self.total - n_begun, 0)
        return n_more if self.n_left is None else min(self.n_left, n_more)

    def after(self, n_begun: int) -> Bounds:
        """Return what is left after this run has begun so many."""
        if self.n_left is None:
            return self
        return Bounds(max(self.n_left - n_begun, 0), self.total)


NO_BOUNDS = Bounds()


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Settings of one run of trials; `Study.optimize` describes them.

    Raises:
        ValueError: One of them is not what it can be.
    """

    n_trials: int | None = None
    timeout_s: float | None = None
    n_jobs: int = 1
    executor: cf.Executor | str | None = None
    catch: type[BaseException] | Sequence[type[BaseException]] = ()
    progress: bool | None = None
    limits: Mapping[str, float] | None = None
    resources: Mapping[str, float] | None = None
    reproducible: bool = False
    stop: StopRule | Sequence[StopRule] = ()
    total: int | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "timeout_s", _check_timeout(self.timeout_s))
        _check_bounds(self)
        _check_executor(self)
        _check_batch(self)
        _check_catch(self.catch)
        _check_amounts(self)
        for rule in self.stop_rules:
            if not isinstance(rule, StopRule):
                raise ValueError(
                    f"stop is a rule such as luthier.stopping.NoImprovement(50), or a list, got "
                    f"{rule!r}"
                )

    def count_trials(self, n_begun: int) -> int | None:
        """Return how many trials a run may begin in a study with so many; None for no bound."""
        return self.bounds.count_left(n_begun)

    @property
    def bounds(self) -> Bounds:
        """How many trials may be begun when the run begins."""
        return Bounds(self.n_trials, self.total)

    def check_reproducible(self, scheduler: Scheduler | None) -> None:
        """Refuse a run that is to be reproducible and depends on timing.

        Raises:
            ValueError: The scheduler resumes trials while others run.
        """
        if self.reproducible and scheduler and scheduler.resumes and self.n_jobs != 1:
            raise ValueError(
                f"{scheduler!r} resumes trials whenever a worker is free, which is a matter of "
                "timing: reproducible=True with several jobs takes a scheduler that never pauses, "
                "such as ASHA(mode='stopping')"
            )

    @property
    def stop_rules(self) -> tuple[StopRule, ...]:
        """The stop rules, however they were given."""
        return tuple(self.stop) if isinstance(self.stop, Sequence) else (self.stop,)

    @property
    def caught(self) -> tuple[type[BaseException], ...]:
        """The exceptions after which the study goes on, however they were given."""
        return (self.catch,) if isinstance(self.catch, type) else tuple(self.catch)


def _check_bounds(settings: RunSettings) -> None:
    for name in ("n_trials", "total"):
        n = getattr(settings, name)
        if n is not None and (not _is_whole(n) or n < 0):
            raise ValueError(f"{name} must be a whole number >= 0 or None, got {show(n)}")

    check_n_jobs(settings.n_jobs)
    for name in ("progress", "reproducible"):
        flag = getattr(settings, name)
        if not isinstance(flag, bool | np.bool_) and not (name == "progress" and flag is None):
            raise ValueError(f"{name} must be True or False, got {show(flag)}")


def _check_timeout(timeout_s: Any) -> float | None:
    """Return a time in seconds as a float; infinity is no bound."""
    if timeout_s is None:
        return None
    number = to_number(timeout_s)
    try:
        seconds = math.nan if number is None else float(number)
    except OverflowError:
        seconds = math.nan
    if not seconds > 0:
        raise ValueError(f"timeout_s must be > 0 seconds or None, got {show(timeout_s)}")
    return seconds


def _is_whole(n: Any) -> bool:
    """Whether it is a whole number; True and False are none."""
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def check_objective(objective: Any, batch: int | None = None) -> None:
    """Refuse what cannot be called with a trial, or gives no value when it is.

    Args:
        objective: What is to be run.
        batch: How many trials it is given at a time; None for one, without a batch.

    Raises:
        ValueError: It is such a thing.
    """
    if not callable(objective):
        raise ValueError(
            f"the objective is a function of a trial, got {show(objective)}; pass the function "
            "itself, and not what it returns"
        )
    given = "a trial" if batch is None else "a batch of trials"
    check_takes("the objective", objective, given, 1, "its values are in trial.params, by name")
    if inspect.iscoroutinefunction(objective) or inspect.isasyncgenfunction(objective):
        raise ValueError(
            f"the objective is a plain function, got {show(objective)}, which is async; write "
            "lambda trial: asyncio.run(objective(trial))"
        )
    if inspect.isgeneratorfunction(objective):
        raise ValueError(
            f"the objective returns its value, got {show(objective)}, which has a yield; call "
            "trial.report(value, step) for each value on the way, and return the last"
        )


def check_takes(what: str, function: Any, given: str, n: int, advice: str = "") -> None:
    """Refuse a function that cannot be called with so many arguments.

    Raises:
        ValueError: It takes others.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some that are not written in Python have none
        return
    try:
        signature.bind(*[None] * n)
    except TypeError:
        raise ValueError(
            f"{what} is called with {given}, got {show(function)}, which takes {signature}"
            + (f"; {advice}" if advice else "")
        ) from None


def check_callbacks(callbacks: Any) -> None:
    """Refuse what is no list of functions.

    Raises:
        ValueError: It is something else.
    """
    if callable(callbacks):
        name = getattr(callbacks, "__name__", "...")
        raise ValueError(f"callbacks is a list of functions, got {show(callbacks)}; write [{name}]")
    if callbacks is not None and not (
        isinstance(callbacks, Sequence) and all(callable(call) for call in callbacks)
    ):
        raise ValueError(
            "callbacks is a list of functions that are called with the study and a row, got "
            f"{show(callbacks)}"
        )
    for call in callbacks or ():
        check_takes("a callback", call, "the study and a row", 2)


def check_n_jobs(n_jobs: Any) -> None:
    """Refuse what is no number of jobs.

    Raises:
        ValueError: It is neither a whole number >= 1 nor -1.
    """
    if not _is_whole(n_jobs) or (n_jobs != -1 and not 1 <= n_jobs <= _MAX_JOBS):
        raise ValueError(
            f"n_jobs must be a whole number from 1 to {_MAX_JOBS:,}, or -1 for as many as fit, got "
            f"{show(n_jobs)}"
        )


def _check_catch(catch: Any) -> None:
    given = catch if isinstance(catch, list | tuple | set | frozenset) else [catch]
    for kind in given:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise ValueError(
                f"catch is a class of exceptions such as ValueError, or several, got {show(kind)}"
            )


def _check_amounts(settings: RunSettings) -> None:
    examples = {"limits": {"time_s": 60, "memory_mb": 500}, "resources": {"cpu": 2}}
    for name, example in examples.items():
        given = getattr(settings, name)
        if given is not None and not isinstance(given, Mapping):
            raise ValueError(f"{name} is a dict such as {example}, got {show(given)}")


def _check_executor(settings: RunSettings) -> None:
    executor = settings.executor
    if isinstance(executor, str) and executor != "ray":
        raise ValueError(
            "executor is 'ray', an executor of concurrent.futures, or None for processes, got "
            f"{executor!r}"
        )
    if executor is not None and not isinstance(executor, str) and not hasattr(executor, "submit"):
        raise ValueError(
            "executor is 'ray', an executor of concurrent.futures, or None for processes, got "
            f"{show(executor)}"
        )
    if isinstance(executor, cf.Executor) and (settings.limits or settings.resources):
        raise ValueError(
            "limits and resources are kept by luthier's own processes, or by executor='ray'; leave "
            "out executor, or give them to its constructor"
        )
    if settings.reproducible and executor is not None and settings.n_jobs == -1:
        raise ValueError(
            "reproducible=True needs n_jobs in numbers: the study depends on how many trials run "
            "at a time"
        )


def _check_batch(settings: RunSettings) -> None:
    batch = settings.batch
    if batch is None:
        return
    if not _is_whole(batch) or batch < 1:
        raise ValueError(f"batch must be a whole number >= 1 or None, got {show(batch)}")
    if settings.n_jobs != 1 or settings.executor is not None:
        raise ValueError(
            "the rows of a batch run together in this process, and n_jobs and executor spread "
            "trials over several: leave out batch, or those; for batches in several processes, "
            "start the program several times with one storage"
        )
    if settings.limits or settings.resources:
        raise ValueError(
            "limits and resources are kept for trials that have a process each: leave out batch, "
            "or those"
        )
