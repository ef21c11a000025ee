"""The path of ParallelCoordinatesPlot."""

from __future__ import annotations

from . import ParallelCoordinatesPlot

__all__ = ["ParallelCoordinatesPlot"]
