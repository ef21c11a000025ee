"""One cost of several: their weighted mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...remarks import warn_without_effect
from .abstract_multi_objective_algorithm import AbstractMultiObjectiveAlgorithm


class MeanAggregationStrategy(AbstractMultiObjectiveAlgorithm):
    """The weighted mean of several costs.

    Args:
        scenario: The scenario.
        objective_weights: Their weights in `RunHistory.get_cost`, None for equal ones; the search
            takes all costs as they are.
    """

    def __init__(self, scenario: Any, objective_weights: Sequence[float] | None = None) -> None:
        self.scenario = scenario
        weights = objective_weights
        if weights is not None:
            warn_without_effect(
                "objective_weights of SMAC on the search",
                "it takes all costs as they are; get_cost weighs them.",
            )
        self.weights = None if weights is None else np.asarray(weights, dtype=float)

    def update_on_iteration_start(self) -> None:
        """Do nothing."""

    def __call__(self, values: Sequence[float]) -> float:
        """Return one cost."""
        return float(np.average(values, weights=self.weights))
