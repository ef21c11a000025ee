"""The curves that benchmarks/curves.py recorded, and those between the points of its grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import luthier
from benchmarks.common.results import RESULTS

CURVES = RESULTS / "curves-digits.npz"
SCALES = {
    "learning_rate": "log",
    "momentum": "reverse_log",
    "batch_size": "log",
    "width": "log",
    "dropout": "linear",
}
VIRTUAL_S = 1000.0  # virtual seconds of a recorded one

Array = NDArray[np.floating[Any]]


class CurveTable:
    """Learning curves on a grid, and between its points.

    Args:
        space: Numbers only.
        levels: Of each parameter, ascending, evenly spaced on its scale.
        error: (..., E) after each epoch.
        seconds: (...) of an epoch.

    Attributes:
        n_epochs: E.
        shape: Number of levels of each parameter.
        best: The least error of all.
        median: The median error after the last epoch.
    """

    def __init__(
        self, space: luthier.Space, levels: Mapping[str, Array], error: Array, seconds: Array
    ) -> None:
        self.space = space
        self.error = error
        self.seconds = seconds
        self.n_epochs = error.shape[-1]
        self.shape = tuple(len(levels[name]) for name in space.names)
        self.best = float(error.min())
        self.median = float(np.median(error[..., -1]))

    @classmethod
    def load(cls, file: Path = CURVES) -> CurveTable:
        """Read the table that benchmarks/curves.py has recorded; an epoch takes virtual seconds."""
        with np.load(file) as data:
            levels = {name: data[name].astype(float) for name in SCALES}
            error = data["error"].astype(float)
            seconds = VIRTUAL_S * data["seconds"].astype(float)
        params = {
            name: luthier.Float(x[0].item(), x[-1].item(), scale=SCALES[name])  # type: ignore[arg-type]
            for name, x in levels.items()
        }
        return cls(luthier.Space(params), levels, error, seconds)

    def curve(self, params: Mapping[str, Any]) -> tuple[Array, float]:
        """Interpolate linearly between the corners of the cell around a point.

        Returns:
            Errors (E,) and the seconds of an epoch.
        """
        n_levels = np.array(self.shape)
        place = np.clip(self.space.encode(params)[0], 0, 1) * (n_levels - 1)
        low = np.minimum(place.astype(int), np.maximum(n_levels - 2, 0))
        cell = tuple(slice(i, i + 2) for i in low)
        error = self.error[cell]
        seconds = self.seconds[cell]
        for share, n in zip(place - low, self.shape, strict=True):
            weights = np.array([1 - share, share])[:n]
            error = np.tensordot(weights, error, (0, 0))
            seconds = np.tensordot(weights, seconds, (0, 0))
        return error, float(seconds)

    def error_at(self, regret: float) -> float:
        """The error at a regret: 0 is the best of the table, 1 its median."""
        return self.best + regret * (self.median - self.best)
