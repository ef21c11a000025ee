"""Runners, which start trials elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


class RunnerConfig:
    """Settings of a runner: a class to be derived from."""

    @dataclass(frozen=True)
    class SearchSpaceUpdateArguments:
        """What a runner is told of a new search space: a class to be derived from."""

    @dataclass(frozen=True)
    class RunnerUpdateArguments:
        """What a runner is told of other changes: a class to be derived from."""


class Runner:
    """Starts trials: a class to be derived from."""

    config_type: ClassVar[type[RunnerConfig]] = RunnerConfig

    def run(self, trial: Any) -> dict[str, Any]:
        """Start a trial; return what is to be remembered of it."""
        raise NotImplementedError

    def poll_trial_status(self, trials: Any) -> dict[Any, set[int]]:
        """Return state to indices of trials."""
        raise NotImplementedError

    def on_search_space_update(self, search_space: Any, arguments: Any = None) -> None:
        """Heed a search space that was changed; an error takes the change back."""
