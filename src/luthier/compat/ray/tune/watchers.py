"""The callbacks of a run, those of the user and those that write its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .callback import (
    Callback,
    CSVLoggerCallback,
    JsonLoggerCallback,
    TBXLoggerCallback,
)
from .progress_reporter import ProgressReporter
from .trial import Trial

_FILES = (JsonLoggerCallback, CSVLoggerCallback, TBXLoggerCallback)


class Watchers:
    """Callbacks, called one after another in the run's process.

    Args:
        callbacks: The user's.
        reporter: Shows tables; None for none.
    """

    def __init__(self, callbacks: Sequence[Any], reporter: ProgressReporter | None) -> None:
        given = list(callbacks or ())
        for callback in given:
            if not hasattr(callback, "on_trial_result"):
                raise TypeError(f"a callback is a tune.Callback, got {callback!r}")
        missing = [kind() for kind in _FILES if not any(isinstance(c, kind) for c in given)]
        self._callbacks: list[Any] = [*missing, *given]
        self._reporter = reporter
        self._n = 0

    def setup(self, plan: Any) -> None:
        """Tell them that the run begins."""
        for callback in self._callbacks:
            if isinstance(callback, Callback):
                callback.setup(stop=plan.stopper, num_samples=plan.num_samples)

    def tell(self, what: str, trials: list[Trial], **facts: Any) -> None:
        """Call one of their methods.

        Args:
            what: Its name.
            trials: All trials.
            facts: "trial", and what belongs to the event.
        """
        is_result = what == "on_trial_result"
        self._n += is_result
        for name in ("on_step_begin",) if is_result else ():
            self._call(name, trials, {})
        self._call(what, trials, facts)
        if is_result:
            self._call("on_step_end", trials, {})
            if self._reporter is not None and self._reporter.should_report(trials, done=False):
                self._reporter.report(trials, False)

    def _call(self, name: str, trials: list[Trial], facts: dict[str, Any]) -> None:
        for callback in self._callbacks:
            method = getattr(callback, name, None)
            if method is not None:
                method(iteration=self._n, trials=trials, **facts)

    def end(self, trials: list[Trial]) -> None:
        """Tell them that the run is over."""
        for callback in self._callbacks:
            if hasattr(callback, "on_experiment_end"):
                callback.on_experiment_end(trials=trials)
        if self._reporter is not None:
            self._reporter.report(trials, True)
