"""What Optuna calls the figures, and what they are called here."""

from __future__ import annotations

OPTUNA_NAMES = {
    "plot_contour": "contour",
    "plot_edf": "edf",
    "plot_hypervolume_history": "hypervolume",
    "plot_intermediate_values": "curves",
    "plot_optimization_history": "history",
    "plot_parallel_coordinate": "parallel",
    "plot_param_importances": "importance",
    "plot_pareto_front": "pareto",
    "plot_rank": "rank",
    "plot_slice": "slices",
    "plot_terminator_improvement": "convergence",
    "plot_timeline": "timeline",
}
