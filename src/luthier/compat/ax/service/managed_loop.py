"""`optimize`: a search in one call."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core.experiment import Experiment
from ..exceptions.core import (
    DataRequiredError,
    OptimizationComplete,
    SearchSpaceExhausted,
    UnsupportedError,
)
from ..generation_strategy.generation_strategy import GenerationStrategy
from ..inside import refuse_names
from .ax_client import AxClient
from .utils.instantiation import ObjectiveProperties


def optimize(
    parameters: Sequence[Any],
    evaluation_function: Callable[..., Any],
    experiment_name: str | None = None,
    objective_name: str | None = None,
    minimize: bool = False,
    parameter_constraints: Sequence[str] | None = None,
    outcome_constraints: Sequence[str] | None = None,
    total_trials: int = 20,
    arms_per_trial: int = 1,
    random_seed: int | None = None,
    generation_strategy: GenerationStrategy | None = None,
) -> tuple[dict[str, Any], Any, Experiment, None]:
    """Search for the best params of a function.

    Args:
        parameters: The parameters, each a dict.
        evaluation_function: Takes params, and perhaps a weight; returns a number, (mean, sem), or a
            dict of these.
        experiment_name: Name of the experiment.
        objective_name: Name of the metric that is optimised.
        minimize: Whether less is better.
        parameter_constraints: Constraints on params as text.
        outcome_constraints: Constraints on results as text.
        total_trials: How many trials.
        arms_per_trial: 1.
        random_seed: The same seed gives the same trials.
        generation_strategy: How trials are proposed.

    Returns:
        The best params; its means and covariances; the experiment; None.

    Raises:
        UnsupportedError: There are several arms a trial, or no trial had results.
        Exception: What the function raised.
    """
    warnings.warn(
        "optimize is deprecated in Ax; its newer interface is Client.",
        DeprecationWarning,
        stacklevel=2,
    )
    if arms_per_trial != 1:
        raise UnsupportedError("optimize() only supports arms_per_trial=1.")
    client = AxClient(generation_strategy, random_seed=random_seed, verbose_logging=False)
    name = objective_name or "objective"
    client.create_experiment(
        parameters,
        name=experiment_name,
        objectives={name: ObjectiveProperties(minimize=minimize)},
        parameter_constraints=parameter_constraints,
        outcome_constraints=outcome_constraints,
        choose_generation_strategy_kwargs={"num_trials": total_trials},
    )
    takes_weight = len(inspect.signature(evaluation_function).parameters) > 1
    for _ in range(total_trials):
        try:
            params, index = client.get_next_trial()
        except (OptimizationComplete, SearchSpaceExhausted, DataRequiredError):
            break
        arguments: tuple[Mapping[str, Any] | None, ...] = (params, None)
        found = evaluation_function(*(arguments if takes_weight else arguments[:1]))
        client.complete_trial(index, found)
    best = client.get_best_parameters()
    if best is None:
        raise UnsupportedError("No trial had results.")
    return dict(best[0]), best[1], client.experiment, None


__getattr__ = refuse_names("ax.service.managed_loop", "Call optimize(), or ask an AxClient.")
