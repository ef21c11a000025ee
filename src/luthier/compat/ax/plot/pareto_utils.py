"""Fronts of a model of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

compute_posterior_pareto_frontier = refuse_plot("compute_posterior_pareto_frontier", "pareto")
get_observed_pareto_frontiers = refuse_plot("get_observed_pareto_frontiers", "pareto")
