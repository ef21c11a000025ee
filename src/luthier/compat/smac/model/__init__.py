"""Models, for which luthier's samplers stand."""

from __future__ import annotations

from ..chosen_part import stand_for

__getattr__ = stand_for(
    "RandomModel",
    "RandomForest",
    "GaussianProcess",
    "MCMCGaussianProcess",
)
