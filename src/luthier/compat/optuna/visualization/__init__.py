"""Figures of plotly, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "is_available",
    "matplotlib",
    "plot_contour",
    "plot_edf",
    "plot_hypervolume_history",
    "plot_intermediate_values",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_pareto_front",
    "plot_rank",
    "plot_slice",
    "plot_terminator_improvement",
    "plot_timeline",
]

if TYPE_CHECKING:
    from . import matplotlib as matplotlib
    from .availability import is_available as is_available
    from .by_plotly import plot_contour as plot_contour
    from .by_plotly import plot_edf as plot_edf
    from .by_plotly import plot_hypervolume_history as plot_hypervolume_history
    from .by_plotly import plot_intermediate_values as plot_intermediate_values
    from .by_plotly import plot_optimization_history as plot_optimization_history
    from .by_plotly import plot_parallel_coordinate as plot_parallel_coordinate
    from .by_plotly import plot_param_importances as plot_param_importances
    from .by_plotly import plot_pareto_front as plot_pareto_front
    from .by_plotly import plot_rank as plot_rank
    from .by_plotly import plot_slice as plot_slice
    from .by_plotly import plot_terminator_improvement as plot_terminator_improvement
    from .by_plotly import plot_timeline as plot_timeline
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "matplotlib": "",
            "is_available": "availability",
            "plot_contour": "by_plotly",
            "plot_edf": "by_plotly",
            "plot_hypervolume_history": "by_plotly",
            "plot_intermediate_values": "by_plotly",
            "plot_optimization_history": "by_plotly",
            "plot_parallel_coordinate": "by_plotly",
            "plot_param_importances": "by_plotly",
            "plot_pareto_front": "by_plotly",
            "plot_rank": "by_plotly",
            "plot_slice": "by_plotly",
            "plot_terminator_improvement": "by_plotly",
            "plot_timeline": "by_plotly",
        },
    )
