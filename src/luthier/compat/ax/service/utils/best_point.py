"""The best trials of an experiment, as they were observed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....remarks import heed_others
from ... import results
from ...core.experiment import Experiment
from ...core.optimization_config import OptimizationConfig
from ...exceptions.core import UserInputError

_OBSERVED = "what was observed counts."
_OF_MODELS = dict.fromkeys(
    ("adapter", "generation_strategy", "use_model_predictions", "data", "objective_thresholds"),
    _OBSERVED,
)


def require_config(
    experiment: Experiment, optimization_config: OptimizationConfig | None
) -> OptimizationConfig:
    """Return what counts as better: what is given, or what the experiment optimises.

    Raises:
        UserInputError: There is neither.
    """
    config = optimization_config or experiment.optimization_config
    if config is None:
        raise UserInputError("No optimization config has been set.")
    return config


def get_best_by_raw_objective_with_trial_index(
    experiment: Experiment,
    optimization_config: OptimizationConfig | None = None,
    trial_indices: Iterable[int] | None = None,
) -> tuple[int, dict[str, Any], Any] | None:
    """Return index and params of the best trial, with (means, covariances); None without results.

    Args:
        experiment: The experiment.
        optimization_config: What counts as better; None for what the experiment optimises.
        trial_indices: Which trials count; None for all.
    """
    config = require_config(experiment, optimization_config)
    best = results.choose_best(results.find_measured(experiment, config, trial_indices))
    if best is None:
        return None
    return best.index, dict(best.params), results.list_covariances(best, config.metric_names)


def get_best_parameters_from_model_predictions_with_trial_index(
    experiment: Experiment,
    adapter: Any = None,
    optimization_config: OptimizationConfig | None = None,
    trial_indices: Iterable[int] | None = None,
) -> tuple[int, dict[str, Any], Any] | None:
    """Return the best trial as observed; see `get_best_by_raw_objective_with_trial_index`.

    Args:
        experiment: The experiment.
        adapter: Without effect: what was observed counts.
        optimization_config: What counts as better.
        trial_indices: Which trials count.
    """
    return get_best_by_raw_objective_with_trial_index(
        experiment, optimization_config, trial_indices
    )


def observed_pareto(
    experiment: Experiment,
    optimization_config: OptimizationConfig | None = None,
    trial_indices: Iterable[int] | None = None,
    **kwargs: Any,
) -> dict[int, tuple[Any, Any]]:
    """Return index to params and (means, covariances) of the trials that none other beats.

    Args:
        experiment: The experiment.
        optimization_config: What counts as better; None for what the experiment optimises.
        trial_indices: Which trials count; None for all.
        **kwargs: Ax's `adapter`, `use_model_predictions` and others, without effect.
    """
    heed_others("Ax's observed_pareto", kwargs, _OF_MODELS)
    config = require_config(experiment, optimization_config)
    front = results.choose_front(results.find_measured(experiment, config, trial_indices))
    names = config.metric_names
    return {t.index: (dict(t.params), results.list_covariances(t, names)) for t in front}


predicted_pareto = get_pareto_optimal_parameters = observed_pareto
