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


class ArmEffectsPlot(FigureAnalysis):
    """Results of the trials."""

    subtitle = "Results of the trials."


class CrossValidationPlot(FigureAnalysis):
    """What a model expects of trials that it has not seen, and what came."""

    figure = "calibration"
    subtitle = "What a model expects of trials that it has not seen, and what came."


class UtilityProgressionAnalysis(FigureAnalysis):
    """The best result so far."""

    figure = "convergence"
    subtitle = "The best result so far."


__all__ = [
    "ArmEffectsPlot",
    "ContourPlot",
    "CrossValidationPlot",
    "ParallelCoordinatesPlot",
    "ScatterPlot",
    "SensitivityAnalysisPlot",
    "SlicePlot",
    "UtilityProgressionAnalysis",
]
