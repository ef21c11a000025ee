"""Experiments for tests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...core.experiment import Experiment
from ...core.objective import Objective
from ...core.optimization_config import OptimizationConfig
from ...core.parameter import ParameterType, RangeParameter
from ...core.search_space import SearchSpace
from ...early_stopping.strategies import BaseEarlyStoppingStrategy, PercentileEarlyStoppingStrategy
from ...metrics.branin import BraninMetric


def get_branin_search_space() -> SearchSpace:
    """Return the space of Branin's function."""
    bounds = {"x1": (-5, 10), "x2": (0, 15)}
    kind = ParameterType.FLOAT
    return SearchSpace(
        [
            RangeParameter(name=n, parameter_type=kind, lower=low, upper=high)
            for n, (low, high) in bounds.items()
        ]
    )


def get_branin_optimization_config(minimize: bool = False) -> OptimizationConfig:
    """Return the objective of Branin's function."""
    metric = BraninMetric("branin", ["x1", "x2"], lower_is_better=minimize)
    return OptimizationConfig(Objective(metric, minimize=minimize))


def get_branin_experiment(
    has_optimization_config: bool = True, minimize: bool = False, named: bool = True
) -> Experiment:
    """Return an experiment on Branin's function."""
    config = get_branin_optimization_config(minimize) if has_optimization_config else None
    name = "branin_test_experiment" if named else None
    return Experiment(get_branin_search_space(), name, optimization_config=config, is_test=True)


def get_percentile_early_stopping_strategy() -> PercentileEarlyStoppingStrategy:
    """Return a strategy that stops the worse three quarters."""
    return PercentileEarlyStoppingStrategy(
        ["foo"], percentile_threshold=0.25, min_progression=0, min_curves=3
    )


class DummyEarlyStoppingStrategy(BaseEarlyStoppingStrategy):
    """A strategy that says what it was told.

    Args:
        early_stop_trials: Index to reason of the trials that are to be stopped.
    """

    def __init__(self, early_stop_trials: dict[int, str | None] | None = None) -> None:
        self.early_stop_trials = early_stop_trials or {}

    def should_stop_trials_early(
        self, trial_indices: Collection[int], experiment: Experiment, **kwargs: Any
    ) -> dict[int, str | None]:
        return self.early_stop_trials
