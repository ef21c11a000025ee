"""Several costs."""

from __future__ import annotations

from .abstract_multi_objective_algorithm import AbstractMultiObjectiveAlgorithm
from .aggregation_strategy import MeanAggregationStrategy
from .parego import ParEGO

__all__ = ["AbstractMultiObjectiveAlgorithm", "MeanAggregationStrategy", "ParEGO"]
