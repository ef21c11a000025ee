"""A runner, which starts trials elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.runner import Runner
from ...core.trial_status import TrialStatus
from ...core.types import TParameterization

__all__ = ["IRunner", "TrialStatus"]


class IRunner(Runner):
    """Starts trials: a class to be derived from."""

    def run_trial(self, trial_index: int, parameterization: TParameterization) -> dict[str, Any]:
        """Start a trial; return what is to be remembered of it."""
        raise NotImplementedError

    def poll_trial(self, trial_index: int, trial_metadata: Mapping[str, Any]) -> TrialStatus:
        """Return the state of a trial."""
        raise NotImplementedError

    def stop_trial(self, trial_index: int, trial_metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Stop a trial early."""
        raise NotImplementedError
