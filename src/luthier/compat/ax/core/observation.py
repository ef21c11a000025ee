"""Points with the trial that they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ObservationFeatures:
    """A point, and perhaps a trial.

    Args:
        parameters: Name to value.
        trial_index: Index of the trial.
        metadata: Kept.
    """

    parameters: dict[str, Any]
    trial_index: int | None = None
    metadata: dict[str, Any] | None = field(default=None)
