"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

optimization_trace_single_method = refuse_plot("optimization_trace_single_method", "convergence")
optimization_trace_single_method_plotly = refuse_plot(
    "optimization_trace_single_method_plotly", "convergence"
)
plot_objective_value_vs_trial_index = refuse_plot("plot_objective_value_vs_trial_index", "history")
