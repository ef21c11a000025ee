"""Runners, which start trials elsewhere."""

from __future__ import annotations

from typing import Any


class Runner:
    """Starts trials: a class to be derived from."""

    def run(self, trial: Any) -> dict[str, Any]:
        """Start a trial; return what is to be remembered of it."""
        raise NotImplementedError

    def poll_trial_status(self, trials: Any) -> dict[Any, set[int]]:
        """Return state to indices of trials."""
        raise NotImplementedError


class RunnerConfig:
    """Settings of a runner: a class to be derived from."""
