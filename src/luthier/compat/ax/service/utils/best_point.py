"""The best trials of an experiment."""

from __future__ import annotations

from typing import Any

from ... import results
from ...core.experiment import Experiment


def observed_pareto(experiment: Experiment, **kwargs: Any) -> dict[int, tuple[Any, Any]]:
    """Return index to params and (means, covariances) of the trials that none other beats."""
    config = experiment.optimization_config
    names = [] if config is None else config.metric_names
    return {
        t.index: (dict(t.params), results.list_covariances(t, names))
        for t in results.find_front(experiment)
    }


predicted_pareto = get_pareto_optimal_parameters = observed_pareto


def get_best_parameters_from_model_predictions_with_trial_index(
    experiment: Experiment, **kwargs: Any
) -> tuple[int, dict[str, Any], Any] | None:
    """Return index and params of the best trial, with (means, covariances), as observed."""
    best = results.find_best(experiment)
    config = experiment.optimization_config
    if best is None or config is None:
        return None
    return best.index, dict(best.params), results.list_covariances(best, config.metric_names)
