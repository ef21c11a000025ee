"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

plot_parallel_coordinates = refuse_plot("plot_parallel_coordinates", "parallel")
plot_parallel_coordinates_plotly = refuse_plot("plot_parallel_coordinates_plotly", "parallel")
