"""The path at which Ax's users find a figure."""

from __future__ import annotations

from . import CrossValidationPlot

__all__ = ["CrossValidationPlot"]
