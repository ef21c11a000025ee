"""Rules that end trials, or all of them: dicts, functions and `Stopper`s."""

from __future__ import annotations

import datetime
import inspect
import time
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ....errors import CompatError
from .errors import SettingError
from .param_space import flatten


class Stopper(ABC):
    """Rule that is called with each result; subclasses say when a trial, or the run, is over."""

    @abstractmethod
    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether a trial is over."""

    @abstractmethod
    def stop_all(self) -> bool:
        """Whether the run is over."""


class NoopStopper(Stopper):
    """Ends nothing."""

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return False


class DictStopper(Stopper):
    """Ends a trial as soon as one of its metrics has come to a number.

    Args:
        criteria: Metric to number.
    """

    def __init__(self, criteria: Mapping[str, Any]) -> None:
        self.criteria = dict(criteria)

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        result = {**flatten(result), **result}
        for name, bound in self.criteria.items():
            if name not in result:
                raise CompatError(
                    f"stop names the metric {name!r}, which the trial did not report: "
                    f"{sorted(result)}"
                )
            if bound is True or bound is False:
                if result[name] == bound:
                    return True
            elif result[name] >= bound:
                return True
        return False

    def stop_all(self) -> bool:
        return False


class FunctionStopper(Stopper):
    """Ends a trial where a function says so.

    Args:
        function: It takes (trial_id, result).
    """

    def __init__(self, function: Callable[[str, dict[str, Any]], Any]) -> None:
        self.function = function

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return bool(self.function(trial_id, result))

    def stop_all(self) -> bool:
        return False


class CombinedStopper(Stopper):
    """Ends what one of several rules ends.

    Args:
        stoppers: The rules.
    """

    def __init__(self, *stoppers: Any) -> None:
        self.stoppers = [make_stopper(s) for s in stoppers]

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return any(s(trial_id, result) for s in self.stoppers)

    def stop_all(self) -> bool:
        return any(s.stop_all() for s in self.stoppers)


class MaximumIterationStopper(Stopper):
    """Ends a trial after so many reports.

    Args:
        max_iter: How many.
    """

    def __init__(self, max_iter: int) -> None:
        self.max_iter = max_iter
        self._n: dict[str, int] = defaultdict(int)

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._n[trial_id] += 1
        return self._n[trial_id] >= self.max_iter

    def stop_all(self) -> bool:
        return False


class TimeoutStopper(Stopper):
    """Ends the run after some time.

    Args:
        timeout: Seconds, or a timedelta.
    """

    def __init__(self, timeout: float | datetime.timedelta) -> None:
        self._limit_s = to_seconds(timeout)
        self._began_s = time.monotonic()

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return time.monotonic() - self._began_s >= self._limit_s


class TrialPlateauStopper(Stopper):
    """Ends a trial whose metric hardly changes any more.

    Args:
        metric: The metric.
        std: Standard deviation of its last values below which it is over.
        num_results: How many values.
        grace_period: Reports before which none is ended.
        metric_threshold: Only where it is beyond this, by `mode`.
        mode: "min" or "max".
    """

    def __init__(
        self,
        metric: str,
        std: float = 0.01,
        num_results: int = 4,
        grace_period: int = 4,
        metric_threshold: float | None = None,
        mode: str | None = None,
    ) -> None:
        if metric_threshold is not None and mode not in ("min", "max"):
            raise ValueError(f"metric_threshold needs mode='min' or 'max', got {mode!r}")
        self.metric = metric
        self.std = std
        self.grace_period = grace_period
        self.metric_threshold = metric_threshold
        self.mode = mode
        self._n: dict[str, int] = defaultdict(int)
        self._last: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=num_results))

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        value = float(result[self.metric])
        last = self._last[trial_id]
        last.append(value)
        self._n[trial_id] += 1
        if self._n[trial_id] < self.grace_period or len(last) < (last.maxlen or 0):
            return False
        if self.metric_threshold is not None:
            beyond = value - self.metric_threshold
            if (beyond > 0) if self.mode == "min" else (beyond < 0):
                return False
        return float(np.std(last)) < self.std

    def stop_all(self) -> bool:
        return False


class ExperimentPlateauStopper(Stopper):
    """Ends the run when the best results hardly change any more.

    Args:
        metric: The metric.
        std: Standard deviation of the best values below which it is over.
        top: How many of the best.
        mode: "min" or "max".
        patience: How many results it must have been so.
    """

    def __init__(
        self, metric: str, std: float = 0.001, top: int = 10, mode: str = "min", patience: int = 0
    ) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode is 'min' or 'max', got {mode!r}")
        self.metric = metric
        self.std = std
        self.top = top
        self.mode = mode
        self.patience = patience
        self._best: list[float] = []
        self._n_still = 0

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._best.append(float(result[self.metric]))
        self._best = sorted(self._best, reverse=self.mode == "max")[: self.top]
        still = len(self._best) == self.top and float(np.std(self._best)) <= self.std
        self._n_still = self._n_still + 1 if still else 0
        return self.stop_all()

    def stop_all(self) -> bool:
        return self._n_still > self.patience


def make_stopper(stop: Any) -> Stopper:
    """Return a rule of a dict, a function, a list of these, a `Stopper` or None.

    Raises:
        SettingError: It is none of these.
    """
    if stop is None:
        return NoopStopper()
    if isinstance(stop, Stopper):
        return stop
    if isinstance(stop, Mapping):
        return DictStopper(stop)
    if isinstance(stop, list | tuple):
        return CombinedStopper(*stop)
    if callable(stop):
        try:
            inspect.signature(stop).bind("trial", {})
        except TypeError:
            raise SettingError(f"stop is a function of (trial_id, result), got {stop!r}") from None
        return FunctionStopper(stop)
    raise SettingError(f"stop is a dict, a function or a Stopper, got {stop!r:.200}")


def to_seconds(time_s: Any) -> float:
    """Return a time in seconds, of a number or a timedelta."""
    if isinstance(time_s, datetime.timedelta):
        return time_s.total_seconds()
    return float(time_s)
