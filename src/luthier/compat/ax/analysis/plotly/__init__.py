"""Ax's figures, drawn by luthier."""

from __future__ import annotations

from ..overview import FigureAnalysis


class ParallelCoordinatesPlot(FigureAnalysis):
    """Trials as lines over the parameters."""

    figure = "parallel"
    subtitle = "Each line is a trial."


class SensitivityAnalysisPlot(FigureAnalysis):
    """How much each parameter matters."""

    figure = "importance"
    subtitle = "How much each parameter matters."


class SlicePlot(FigureAnalysis):
    """Results over each parameter."""

    figure = "slices"
    subtitle = "Results over each parameter."


class ContourPlot(FigureAnalysis):
    """What a model expects over two parameters."""

    figure = "contour"
    subtitle = "What a model expects over two parameters."


class ScatterPlot(FigureAnalysis):
    """Two objectives against each other."""

    figure = "pareto"
    subtitle = "Two objectives against each other."


__all__ = [
    "ContourPlot",
    "ParallelCoordinatesPlot",
    "ScatterPlot",
    "SensitivityAnalysisPlot",
    "SlicePlot",
]
