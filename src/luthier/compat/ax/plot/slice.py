"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

plot_slice = refuse_plot("plot_slice", "slices")
interact_slice = refuse_plot("interact_slice", "slices")
plot_slice_plotly = refuse_plot("plot_slice_plotly", "slices")
interact_slice_plotly = refuse_plot("interact_slice_plotly", "slices")
