"""What a model expects along single parameters."""

from __future__ import annotations

from typing import Any

from .by_luthier import draw, take_experiment


def plot_slice(model: Any, param_name: str, metric_name: str, **kwargs: Any) -> Any:
    """Return a figure of what was observed along a parameter.

    Args:
        model: `generation_strategy.adapter` of a client.
        param_name: The parameter.
        metric_name: The metric.
        **kwargs: `density` and other looks of Ax, without effect.

    Raises:
        CompatError: The model is another one.
    """
    experiment = take_experiment(model, "plot_slice", kwargs)
    return draw(experiment, "slices", metric_name, params=[param_name])


def interact_slice(model: Any, **kwargs: Any) -> Any:
    """Return a figure of what was observed along each parameter; see `plot_slice`."""
    return draw(take_experiment(model, "interact_slice", kwargs), "slices")


plot_slice_plotly, interact_slice_plotly = plot_slice, interact_slice
