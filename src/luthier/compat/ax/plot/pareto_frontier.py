"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

plot_pareto_frontier = refuse_plot("plot_pareto_frontier", "pareto")
interact_pareto_frontier = refuse_plot("interact_pareto_frontier", "pareto")
