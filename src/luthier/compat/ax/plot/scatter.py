"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

plot_objective_vs_constraints = refuse_plot("plot_objective_vs_constraints", "pareto")
interact_fitted = refuse_plot("interact_fitted", "parallel")
tile_fitted = refuse_plot("tile_fitted", "parallel")
plot_fitted = refuse_plot("plot_fitted", "parallel")
plot_multiple_metrics = refuse_plot("plot_multiple_metrics", "pareto")
