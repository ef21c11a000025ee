"""Figures of a study: one function each, drawn by plotly, by matplotlib, or without any library.

The names that Optuna gives them, such as `plot_optimization_history`, are understood as well. A
figure of your own is a `Figure` of panels with layers, such as `Line`; `draw` draws it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Band",
    "Bars",
    "Dots",
    "Figure",
    "Heat",
    "Line",
    "Panel",
    "PanelAxis",
    "SVGFigure",
    "Shades",
    "Text",
    "Tick",
    "ablation",
    "attainment",
    "calibration",
    "compare",
    "confirmation",
    "contour",
    "convergence",
    "curves",
    "draw",
    "duplicates",
    "edf",
    "effects",
    "folds",
    "history",
    "hypervolume",
    "importance",
    "interactions",
    "isolation",
    "parallel",
    "pareto",
    "plot",
    "rank",
    "rank_correlation",
    "resources",
    "slices",
    "timeline",
    "tuning_curve",
]

if TYPE_CHECKING:
    from .backends.svg_figure import SVGFigure as SVGFigure
    from .by_name import plot as plot
    from .drawing import draw as draw
    from .figure import Band as Band
    from .figure import Bars as Bars
    from .figure import Dots as Dots
    from .figure import Figure as Figure
    from .figure import Heat as Heat
    from .figure import Line as Line
    from .figure import Panel as Panel
    from .figure import PanelAxis as PanelAxis
    from .figure import Shades as Shades
    from .figure import Text as Text
    from .figure import Tick as Tick
    from .figures.ablation import ablation as ablation
    from .figures.attainment import attainment as attainment
    from .figures.calibration import calibration as calibration
    from .figures.compare import compare as compare
    from .figures.confirmation import confirmation as confirmation
    from .figures.contour import contour as contour
    from .figures.convergence import convergence as convergence
    from .figures.curves import curves as curves
    from .figures.duplicates import duplicates as duplicates
    from .figures.edf import edf as edf
    from .figures.effects import effects as effects
    from .figures.folds import folds as folds
    from .figures.history import history as history
    from .figures.hypervolume import hypervolume as hypervolume
    from .figures.importance import importance as importance
    from .figures.interactions import interactions as interactions
    from .figures.isolation import isolation as isolation
    from .figures.parallel import parallel as parallel
    from .figures.pareto import pareto as pareto
    from .figures.rank import rank as rank
    from .figures.rank_correlation import rank_correlation as rank_correlation
    from .figures.resources import resources as resources
    from .figures.slices import slices as slices
    from .figures.timeline import timeline as timeline
    from .figures.tuning_curve import tuning_curve as tuning_curve
else:
    _load, __dir__ = attach(
        __name__,
        {
            "Band": "figure",
            "Bars": "figure",
            "Dots": "figure",
            "Figure": "figure",
            "Heat": "figure",
            "Line": "figure",
            "Panel": "figure",
            "PanelAxis": "figure",
            "SVGFigure": "backends.svg_figure",
            "Shades": "figure",
            "Text": "figure",
            "Tick": "figure",
            "ablation": "figures.ablation",
            "attainment": "figures.attainment",
            "calibration": "figures.calibration",
            "compare": "figures.compare",
            "confirmation": "figures.confirmation",
            "contour": "figures.contour",
            "convergence": "figures.convergence",
            "curves": "figures.curves",
            "draw": "drawing",
            "duplicates": "figures.duplicates",
            "edf": "figures.edf",
            "effects": "figures.effects",
            "folds": "figures.folds",
            "history": "figures.history",
            "hypervolume": "figures.hypervolume",
            "importance": "figures.importance",
            "interactions": "figures.interactions",
            "isolation": "figures.isolation",
            "parallel": "figures.parallel",
            "pareto": "figures.pareto",
            "plot": "by_name",
            "rank": "figures.rank",
            "rank_correlation": "figures.rank_correlation",
            "resources": "figures.resources",
            "slices": "figures.slices",
            "timeline": "figures.timeline",
            "tuning_curve": "figures.tuning_curve",
        },
    )

    def __getattr__(name):
        from .optuna_names import OPTUNA_NAMES

        return _load(OPTUNA_NAMES.get(name, name))
