"""Figures of experiments by luthier's plots."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

from ....errors import SamplerError, TooFewResultsError
from ...remarks import heed_others, refuse
from ..adapter.base import Adapter
from ..core.experiment import Experiment
from ..exceptions.core import UnsupportedError, UnsupportedPlotError
from ..history import read_history
from ..predictions import make_metric_history

_OF_LOOKS = dict.fromkeys(
    (
        "generator_runs_dict",
        "relative",
        "density",
        "slice_values",
        "lower_is_better",
        "fixed_features",
        "trial_index",
        "custom_arm_names",
        "parameters_to_use",
        "caption",
    ),
    "the figure has luthier's looks.",
)


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

    if importlib.util.find_spec("plotly") is not None:
        options.setdefault("backend", "plotly")
    config = experiment.optimization_config
    names = [] if config is None else config.objective.metric_names
    if metric_name is None and len(names) == 1:
        metric_name = names[0]
    if metric_name is not None:
        return by_name.plot(make_metric_history(experiment, metric_name), figure, **options)
    space = experiment.search_space.to_space({})
    return by_name.plot(read_history(experiment, space, {}), figure, **options)


def draw_contour(
    experiment: Experiment, param_x: str | None, param_y: str | None, metric_name: str | None
) -> Any:
    """Return a figure of what a model expects over two parameters.

    Args:
        experiment: The experiment.
        param_x: The one; None for the first of the space.
        param_y: The other; None for the second.
        metric_name: The metric; None for the only objective.

    Raises:
        ValueError: There is no such parameter or metric, or no trial.
        UnsupportedError: There are several objectives, and no metric is given.
        UnsupportedPlotError: There are too few results for a model.
    """
    names, config = list(experiment.parameters), experiment.optimization_config
    if not experiment.trials:
        raise ValueError("Cannot generate plot as there are no trials.")
    if len(names) < 2:
        raise ValueError("Cannot create a contour plot: experiment has less than 2 parameters.")
    if (param_x is None) != (param_y is None):
        raise ValueError("If `param_x` is provided, `param_y` is required too, and vice-versa.")
    x, y = param_x or names[0], param_y or names[1]
    for name in (x, y):
        if name not in names:
            raise ValueError(f'Parameter "{name}" not found in the search space: {names}.')
    if metric_name is None:
        objectives = [] if config is None else config.objective.metric_names
        if len(objectives) != 1:
            raise UnsupportedError(f"A contour plot of one of {objectives} needs `metric_name`.")
        metric_name = objectives[0]
    if metric_name not in experiment.metrics:
        raise ValueError(f'Metric "{metric_name}" is not one of {list(experiment.metrics)}.')
    try:
        return draw(experiment, "contour", metric_name, x=x, y=y)
    except (TooFewResultsError, SamplerError) as e:
        raise UnsupportedPlotError(
            f'Could not obtain contour plot of "{metric_name}" for "{x}" and "{y}": {e}.'
        ) from None


def draw_importances(experiment: Experiment, metric_name: str | None = None) -> Any:
    """Return a figure of how much each parameter matters.

    Args:
        experiment: The experiment.
        metric_name: The metric; None for the objective.

    Raises:
        ValueError: There are too few results.
    """
    if not experiment.trials:
        raise ValueError("Cannot generate plot as there are no trials.")
    if not any(t.measurements for t in experiment.trials.values()):
        raise ValueError("Could not obtain feature importances: no trial has results.")
    try:
        return draw(experiment, "importance", metric_name)
    except (TooFewResultsError, SamplerError) as e:
        raise ValueError(f"Could not obtain feature importances: {e}.") from None


def take_experiment(model: Any, plot: str, given: Mapping[str, Any]) -> Experiment:
    """Return the experiment that a plot of Ax is of.

    Args:
        model: `generation_strategy.adapter` of a client.
        plot: Name of the plot.
        given: Its other arguments, each without effect.

    Raises:
        CompatError: It is a model of Ax itself, or none.
        TypeError: An argument is not known.
    """
    heed_others(f"ax.plot's {plot}", given, _OF_LOOKS)
    if isinstance(model, Adapter):
        return model.experiment
    raise refuse(
        f"ax.plot's {plot}, which takes a model of Ax,",
        "Pass client.generation_strategy.adapter, once a trial was proposed; or use "
        "luthier.compat.ax.plot.by_luthier.draw(client.experiment, 'contour').",
    )


def refuse_plot(name: str, figure: str) -> Callable[..., Any]:
    """Return what raises the error for a plot that takes Ax's models."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        raise refuse(
            f"ax.plot's {name}, which takes a model of Ax,",
            f"Use luthier.compat.ax.plot.by_luthier.draw(client.experiment, {figure!r}).",
        )

    refused.__name__ = name
    return refused
