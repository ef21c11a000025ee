"""Figures of a study: one function each, drawn by plotly, by matplotlib, or without any library.

The names that Optuna gives them, such as `plot_optimization_history`, are understood as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "SVGFigure",
    "draw",
    "edf",
    "history",
    "isolation",
    "parallel",
    "plot",
    "rank",
    "slices",
    "timeline",
]

if TYPE_CHECKING:
    from .backends.svg_figure import SVGFigure as SVGFigure
    from .by_name import plot as plot
    from .drawing import draw as draw
    from .figures.edf import edf as edf
    from .figures.history import history as history
    from .figures.isolation import isolation as isolation
    from .figures.parallel import parallel as parallel
    from .figures.rank import rank as rank
    from .figures.slices import slices as slices
    from .figures.timeline import timeline as timeline
else:
    _load, __dir__ = attach(
        __name__,
        {
            "SVGFigure": "backends.svg_figure",
            "draw": "drawing",
            "edf": "figures.edf",
            "history": "figures.history",
            "isolation": "figures.isolation",
            "parallel": "figures.parallel",
            "plot": "by_name",
            "rank": "figures.rank",
            "slices": "figures.slices",
            "timeline": "figures.timeline",
        },
    )

    def __getattr__(name):
        from .optuna_names import OPTUNA_NAMES

        return _load(OPTUNA_NAMES.get(name, name))
