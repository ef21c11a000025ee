"""How much each parameter matters."""

from __future__ import annotations

from typing import Any

from .by_luthier import draw_importances, refuse_plot, take_experiment


def plot_feature_importance_by_feature(model: Any = None, **kwargs: Any) -> Any:
    """Return a figure of how much each parameter matters.

    Args:
        model: `generation_strategy.adapter` of a client.
        **kwargs: `relative` and other looks of Ax, without effect.

    Raises:
        CompatError: The model is another one.
        ValueError: There are too few results.
    """
    return draw_importances(take_experiment(model, "plot_feature_importance_by_feature", kwargs))


plot_feature_importance_by_feature_plotly = plot_feature_importance_by_feature
plot_feature_importance_by_metric = refuse_plot("plot_feature_importance_by_metric", "importance")
