"""Plots that take models of Ax: each is refused, with the way of luthier."""

from __future__ import annotations

from .by_luthier import refuse_plot

plot_feature_importance_by_feature = refuse_plot("plot_feature_importance_by_feature", "importance")
plot_feature_importance_by_feature_plotly = refuse_plot(
    "plot_feature_importance_by_feature_plotly", "importance"
)
plot_feature_importance_by_metric = refuse_plot("plot_feature_importance_by_metric", "importance")
