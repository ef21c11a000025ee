"""The path at which Ax's users find a figure."""

from __future__ import annotations

from . import ArmEffectsPlot

__all__ = ["ArmEffectsPlot"]
