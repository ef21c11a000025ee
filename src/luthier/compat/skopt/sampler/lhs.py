"""Points of a Latin hypercube."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from ....typing import Array
from .base import InitialPointGenerator


class Lhs(InitialPointGenerator):
    """Points of a Latin hypercube: in each dimension one in each of n cells.

    Args:
        lhs_type: "classic" for a random place in the cell, "centered" for its middle.
        criterion: Which of several designs is taken: "maximin" for the largest smallest distance,
            "ratio" for the smallest ratio of distances, "correlation" for the smallest correlation
            of dimensions; None for the first one.
        iterations: How many designs compete.

    Source: McKay 1979.
    """

    def __init__(
        self, lhs_type: str = "classic", criterion: str | None = "maximin", iterations: int = 1000
    ) -> None:
        self.lhs_type = lhs_type
        self.criterion = criterion
        self.iterations = iterations

    def cover(self, d: int, n: int, rng: np.random.RandomState) -> Array:
        """Return n points (n, d) of the unit cube."""
        if self.criterion not in ("maximin", "ratio", "correlation", None):
            raise ValueError(
                f"criterion is 'maximin', 'ratio', 'correlation' or None, got {self.criterion!r}"
            )
        best = self._lhs_normalized(d, n, rng)
        if self.criterion is None or n < 2 or (self.criterion == "correlation" and d < 2):
            return best
        score = self._score(best)
        for _ in range(self.iterations - 1):
            points = self._lhs_normalized(d, n, rng)
            new = self._score(points)
            if new > score:
                best, score = points, new
        return best

    def _score(self, points: Array) -> float:
        """Return how good a design is; the larger, the better."""
        if self.criterion == "correlation":
            correlation = np.corrcoef(points.T) - np.eye(points.shape[1])
            return -float(np.abs(correlation).max())
        apart = points[:, None, :] - points[None, :, :]
        distances = np.sqrt((apart**2).sum(axis=2))[np.triu_indices(len(points), 1)]
        if self.criterion == "maximin":
            return float(distances.min())
        return -float(distances.max() / max(distances.min(), 1e-8))

    def _lhs_normalized(self, n_dim: int, n_samples: int, random_state: Any) -> Array:
        """Return one design (n_samples, n_dim)."""
        rng = check_random_state(random_state)
        place = 0.5 if self.lhs_type == "centered" else rng.rand(n_samples, n_dim)
        cells = np.array([rng.permutation(n_samples) for _ in range(n_dim)]).T
        return np.asarray((cells + place) / n_samples)
