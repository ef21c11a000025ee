"""Random configurations in between, for which luthier's samplers stand."""

from __future__ import annotations

from ..chosen_part import stand_for

__getattr__ = stand_for(
    "CosineAnnealingRandomDesign",
    "DynamicModulusRandomDesign",
    "ExponentialAnnealingRandomDesign",
    "ModulusRandomDesign",
    "DynamicProbabilityRandomDesign",
    "ProbabilityRandomDesign",
)
