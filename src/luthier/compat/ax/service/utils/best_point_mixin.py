"""What a client says of the best trials."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ... import results
from ...core.experiment import Experiment
from ...core.optimization_config import OptimizationConfig
from . import best_point

if TYPE_CHECKING:
    import pandas as pd

TBest = tuple[dict[str, Any], tuple[dict[str, float], dict[str, dict[str, float]]]]


class BestPointMixin:
    """The best trials of an experiment, as they were observed: a class to be derived from."""

    @property
    def experiment(self) -> Experiment:
        """The experiment."""
        raise NotImplementedError

    def get_best_trial(
        self,
        optimization_config: OptimizationConfig | None = None,
        trial_indices: Iterable[int] | None = None,
        use_model_predictions: bool = True,
    ) -> tuple[int, dict[str, Any], Any] | None:
        """Return index and params of the best trial, with (means, covariances).

        Args:
            optimization_config: What counts as better; None for what the experiment optimises.
            trial_indices: Which trials count; None for all.
            use_model_predictions: Without effect: what was observed counts.

        Returns:
            The trial; None without results.

        Raises:
            NotImplementedError: There are several objectives.
        """
        config = best_point.require_config(self.experiment, optimization_config)
        if config.is_moo_problem:
            raise NotImplementedError(
                "Please use `get_pareto_optimal_parameters` for multi-objective problems."
            )
        if use_model_predictions:
            return best_point.get_best_parameters_from_model_predictions_with_trial_index(
                self.experiment, None, config, trial_indices
            )
        return best_point.get_best_by_raw_objective_with_trial_index(
            self.experiment, config, trial_indices
        )

    def get_best_parameters(
        self,
        optimization_config: OptimizationConfig | None = None,
        trial_indices: Iterable[int] | None = None,
        use_model_predictions: bool = True,
    ) -> TBest | None:
        """Return the best params, with (means, covariances); see `get_best_trial`."""
        best = self.get_best_trial(optimization_config, trial_indices, use_model_predictions)
        return None if best is None else best[1:]

    def get_pareto_optimal_parameters(
        self,
        optimization_config: OptimizationConfig | None = None,
        trial_indices: Iterable[int] | None = None,
        use_model_predictions: bool = True,
    ) -> dict[int, TBest]:
        """Return index to params and (means, covariances) of the trials that none other beats.

        Args:
            optimization_config: What counts as better; None for what the experiment optimises.
            trial_indices: Which trials count; None for all.
            use_model_predictions: Without effect: what was observed counts.

        Raises:
            NotImplementedError: There is one objective.
        """
        config = best_point.require_config(self.experiment, optimization_config)
        if not config.is_moo_problem:
            raise NotImplementedError(
                "Support for single-objective problems is `get_best_parameters`."
            )
        return best_point.get_pareto_optimal_parameters(self.experiment, config, trial_indices)

    def get_hypervolume(
        self,
        optimization_config: OptimizationConfig | None = None,
        trial_indices: Iterable[int] | None = None,
        use_model_predictions: bool = True,
    ) -> float:
        """Return the volume between the front and the thresholds of the objectives.

        An objective without a threshold has its reference behind the front, by a tenth of its
        range.

        Args:
            optimization_config: What counts as better; None for what the experiment optimises.
            trial_indices: Which trials count; None for all.
            use_model_predictions: Without effect: what was observed counts.

        Raises:
            NotImplementedError: There is one objective.
        """
        config = best_point.require_config(self.experiment, optimization_config)
        if not config.is_moo_problem:
            raise NotImplementedError("A hypervolume needs several objectives.")
        measured = results.find_measured(self.experiment, config, trial_indices)
        return results.measure_hypervolumes(config, measured, [len(measured)])[0]

    def get_trace(self, optimization_config: OptimizationConfig | None = None) -> list[float]:
        """Return the best value, or the hypervolume, after each trial with results."""
        config = best_point.require_config(self.experiment, optimization_config)
        measured = results.find_measured(self.experiment, config)
        if config.is_moo_problem:
            return results.measure_hypervolumes(config, measured, range(1, len(measured) + 1))
        sign = -1.0 if config.objective.minimize else 1.0
        best, trace = -float("inf"), []
        for _, (value,), excess in measured:
            best = max(best, value if excess <= 0 else -float("inf"))
            trace.append(sign * best)
        return trace

    def get_trials_data_frame(self) -> pd.DataFrame:
        """Table of the trials: results, params and states."""
        table: pd.DataFrame = self.experiment.to_df()
        return table
