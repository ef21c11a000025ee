"""Points with what was observed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class ObservationFeatures:
    """A point, and perhaps a trial.

    Args:
        parameters: Name to value.
        trial_index: Index of the trial.
        metadata: Kept.
    """

    parameters: Mapping[str, Any]
    trial_index: int | None = None
    metadata: dict[str, Any] | None = field(default=None)


@dataclass(eq=False)
class ObservationData:
    """What was observed at a point.

    Args:
        metric_signatures: Names of k metrics.
        means: (k,) results.
        covariance: (k, k) covariances of their errors.

    Raises:
        ValueError: A shape is another one.
    """

    metric_signatures: Sequence[str]
    means: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def __post_init__(self) -> None:
        k = len(self.metric_signatures)
        for name, shape in (("means", (k,)), ("covariance", (k, k))):
            given = np.shape(getattr(self, name))
            if given != shape:
                raise ValueError(f"Shape of {name} should be {shape}, is {given}.")

    @property
    def means_dict(self) -> dict[str, float]:
        """Results by name."""
        pairs = zip(self.metric_signatures, self.means, strict=True)
        return {name: float(mean) for name, mean in pairs}

    @property
    def covariance_matrix(self) -> dict[str, dict[str, float]]:
        """Covariances by two names."""
        names = list(enumerate(self.metric_signatures))
        return {a: {b: float(self.covariance[i][j]) for j, b in names} for i, a in names}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ObservationData):
            return NotImplemented
        return self.covariance_matrix == other.covariance_matrix and (
            self.means_dict == other.means_dict
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass
class Observation:
    """A point and what was observed there.

    Args:
        features: The point.
        data: What was observed.
        arm_name: Name of its arm.
    """

    features: ObservationFeatures
    data: ObservationData
    arm_name: str | None = None
