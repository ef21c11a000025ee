"""Settings of a run of trials, checked before it begins."""

from __future__ import annotations

import concurrent.futures as cf
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..stopping import StopRule


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

    def __post_init__(self) -> None:
        _check_bounds(self)
        _check_executor(self)
        for rule in self.stop_rules:
            if not isinstance(rule, StopRule):
                raise ValueError(
                    f"stop is a rule such as luthier.stopping.NoImprovement(50), or a list, got "
                    f"{rule!r}"
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
    n_trials = settings.n_trials
    if n_trials is not None and (not isinstance(n_trials, int | np.integer) or n_trials < 0):
        raise ValueError(f"n_trials must be a whole number >= 0 or None, got {n_trials!r}")

    if settings.timeout_s is not None and not settings.timeout_s > 0:
        raise ValueError(f"timeout_s must be > 0 seconds or None, got {settings.timeout_s!r}")

    check_n_jobs(settings.n_jobs)


def check_n_jobs(n_jobs: Any) -> None:
    """Refuse what is no number of jobs.

    Raises:
        ValueError: It is neither a whole number >= 1 nor -1.
    """
    if not isinstance(n_jobs, int | np.integer) or (n_jobs != -1 and n_jobs < 1):
        raise ValueError(
            f"n_jobs must be a whole number >= 1, or -1 for as many as fit, got {n_jobs!r}"
        )


def _check_executor(settings: RunSettings) -> None:
    executor = settings.executor
    if isinstance(executor, str) and executor != "ray":
        raise ValueError(
            "executor is 'ray', an executor of concurrent.futures, or None for processes, got "
            f"{executor!r}"
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
