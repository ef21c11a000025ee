"""A metric that fetches its results by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.metric import Metric


class IMetric(Metric):
    """A metric that fetches its results: a class to be derived from.

    Args:
        name: Its name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def fetch(self, trial_index: int, trial_metadata: Mapping[str, Any]) -> tuple[int, Any]:
        """Return how far a trial has come, and its result there: a number, or (mean, sem).

        Args:
            trial_index: Index of the trial.
            trial_metadata: What the runner returned.
        """
        raise NotImplementedError
