"""What a model expects over two parameters."""

from __future__ import annotations

from typing import Any

from .by_luthier import draw_contour, take_experiment


def plot_contour(model: Any, param_x: str, param_y: str, metric_name: str, **kwargs: Any) -> Any:
    """Return a figure of what a model expects over two parameters.

    Args:
        model: `generation_strategy.adapter` of a client.
        param_x: The one parameter.
        param_y: The other.
        metric_name: The metric.
        **kwargs: `density` and other looks of Ax, without effect.

    Raises:
        CompatError: The model is another one.
        UnsupportedPlotError: There are too few results.
    """
    experiment = take_experiment(model, "plot_contour", kwargs)
    return draw_contour(experiment, param_x, param_y, metric_name)


def interact_contour(model: Any, metric_name: str, **kwargs: Any) -> Any:
    """Return a figure of what a model expects over the first two parameters; see `plot_contour`."""
    experiment = take_experiment(model, "interact_contour", kwargs)
    return draw_contour(experiment, None, None, metric_name)


plot_contour_plotly, interact_contour_plotly = plot_contour, interact_contour
