"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

interact_cross_validation = refuse_plot("interact_cross_validation", "calibration")
tile_cross_validation = refuse_plot("tile_cross_validation", "calibration")
interact_cross_validation_plotly = refuse_plot("interact_cross_validation_plotly", "calibration")
