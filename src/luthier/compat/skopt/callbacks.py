"""Functions that are called after each evaluation, and may end a search."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from ..remarks import warn_without_effect
from .progress import VerboseCallback, check_callback
from .saving import dump, load

__all__ = [
    "CheckpointSaver",
    "DeadlineStopper",
    "DeltaXStopper",
    "DeltaYStopper",
    "EarlyStopper",
    "HollowIterationsStopper",
    "StdStopper",
    "ThresholdStopper",
    "TimerCallback",
    "VerboseCallback",
    "check_callback",
]


class TimerCallback:
    """Keeps the seconds between calls.

    Attributes:
        iter_time: The seconds.
    """

    def __init__(self) -> None:
        self._last_s = time.monotonic()
        self.iter_time: list[float] = []

    def __call__(self, res: Any) -> None:
        """Keep the seconds since the last call."""
        now = time.monotonic()
        self.iter_time.append(now - self._last_s)
        self._last_s = now


class EarlyStopper:
    """Base of the callbacks that end a search: `_criterion` says whether."""

    def __call__(self, result: Any) -> Any:
        """Return whether to end; None where that is not known yet."""
        return self._criterion(result)

    def _criterion(self, result: Any) -> Any:
        raise NotImplementedError("a subclass of EarlyStopper defines _criterion(result)")


class DeltaXStopper(EarlyStopper):
    """Ends where two evaluations in a row are at nearly the same point.

    Args:
        delta: Their distance.
    """

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def _criterion(self, result: Any) -> bool | None:
        if len(result.x_iters) < 2:
            return None
        apart = result.space.distance(result.x_iters[-2], result.x_iters[-1])
        return bool(apart < self.delta)


class DeltaYStopper(EarlyStopper):
    """Ends where the best values are nearly the same.

    Args:
        delta: Their distance.
        n_best: How many.
    """

    def __init__(self, delta: float, n_best: int = 5) -> None:
        self.delta = delta
        self.n_best = n_best

    def _criterion(self, result: Any) -> bool | None:
        if len(result.func_vals) < self.n_best:
            return None
        values = np.sort(result.func_vals)
        return bool(values[self.n_best - 1] - values[0] < self.delta)


class HollowIterationsStopper(EarlyStopper):
    """Ends after evaluations in a row that brought nearly nothing.

    Args:
        n_iterations: How many.
        threshold: What they must bring.
    """

    def __init__(self, n_iterations: int, threshold: float = 0) -> None:
        self.n_iterations = n_iterations
        self.threshold = abs(threshold)

    def _criterion(self, result: Any) -> bool:
        if len(result.func_vals) <= self.n_iterations:
            return False
        lowest = np.minimum.accumulate(result.func_vals)
        return bool(lowest[-self.n_iterations - 1] - lowest[-1] <= self.threshold)


class DeadlineStopper(EarlyStopper):
    """Ends before the time is used up.

    Args:
        total_time: Seconds.

    Attributes:
        iter_time: Seconds of each evaluation.
    """

    def __init__(self, total_time: float) -> None:
        self.total_time = total_time
        self.iter_time: list[float] = []
        self._last_s = time.monotonic()

    def _criterion(self, result: Any) -> bool | None:
        now = time.monotonic()
        self.iter_time.append(now - self._last_s)
        self._last_s = now
        if not result.x_iters:
            return None
        return bool(self.total_time - sum(self.iter_time) <= max(self.iter_time))


class StdStopper(EarlyStopper):
    """Ends where the deviation of a model's targets is low.

    Args:
        threshold: The deviation.
        log_interval: Without effect.
    """

    def __init__(self, threshold: float, log_interval: int = 10) -> None:
        if log_interval != 10:
            warn_without_effect("log_interval of skopt's StdStopper", "it logs nothing.")
        self.threshold = threshold
        self.log_interval = log_interval

    def _criterion(self, result: Any) -> bool:
        found = [float(model.y_train_std_) for model in result.models]
        return bool(found) and min(found) <= self.threshold


class ThresholdStopper(EarlyStopper):
    """Ends where a value is low enough.

    Args:
        threshold: The value.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def _criterion(self, result: Any) -> bool:
        return bool(np.min(result.func_vals) <= self.threshold)


class CheckpointSaver:
    """Writes the result to a file after each evaluation.

    Args:
        checkpoint_path: The file.
        **dump_options: See `dump`.
    """

    def __init__(self, checkpoint_path: str, **dump_options: Any) -> None:
        self.checkpoint_path = checkpoint_path
        self.dump_options = dump_options

    def __call__(self, res: Any) -> None:
        """Write the result."""
        dump(res, self.checkpoint_path, **self.dump_options)

    def load(self) -> dict[str, Any]:
        """Return the arguments by which a search goes on; empty where there is no file."""
        if not Path(self.checkpoint_path).exists():
            return {}
        result = load(self.checkpoint_path)
        return {"x0": result.x_iters, "y0": list(result.func_vals)}
