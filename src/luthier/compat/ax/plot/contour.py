"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

interact_contour = refuse_plot("interact_contour", "contour")
plot_contour = refuse_plot("plot_contour", "contour")
interact_contour_plotly = refuse_plot("interact_contour_plotly", "contour")
plot_contour_plotly = refuse_plot("plot_contour_plotly", "contour")
