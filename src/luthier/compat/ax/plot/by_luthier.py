"""Figures of experiments by luthier's plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...remarks import refuse
from ..core.experiment import Experiment
from ..history import read_history
from ..predictions import make_metric_history


def draw(
    experiment: Experiment, figure: str, metric_name: str | None = None, **options: Any
) -> Any:
    """Return a figure of an experiment, by plotly where it is installed, else by Matplotlib.

    Args:
        experiment: The experiment.
        figure: Name of the figure in `luthier.plots`.
        metric_name: The metric that is shown; None for the objective.
        **options: Of the figure.
    """
    from ....plots import by_name

    config = experiment.optimization_config
    names = [] if config is None else config.objective.metric_names
    if metric_name is None and len(names) == 1:
        metric_name = names[0]
    if metric_name is not None:
        return by_name.plot(make_metric_history(experiment, metric_name), figure, **options)
    space = experiment.search_space.to_space({})
    return by_name.plot(read_history(experiment, space, {}), figure, **options)


def refuse_plot(name: str, figure: str) -> Callable[..., Any]:
    """Return what raises the error for a plot that takes Ax's models."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        raise refuse(
            f"ax.plot's {name}, which takes a model of Ax,",
            f"Use luthier.compat.ax.plot.by_luthier.draw(client.experiment, {figure!r}).",
        )

    refused.__name__ = name
    return refused
