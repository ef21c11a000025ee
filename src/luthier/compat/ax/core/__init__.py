"""The parts of an experiment under Ax's names."""

from __future__ import annotations

from .arm import Arm
from .data import Data
from .experiment import Experiment
from .generator_run import GeneratorRun
from .metric import Metric
from .objective import MultiObjective, Objective, ScalarizedObjective
from .optimization_config import MultiObjectiveOptimizationConfig, OptimizationConfig
from .outcome_constraint import ComparisonOp, ObjectiveThreshold, OutcomeConstraint
from .parameter import ChoiceParameter, FixedParameter, ParameterType, RangeParameter
from .parameter_constraint import OrderConstraint, ParameterConstraint, SumConstraint
from .search_space import SearchSpace
from .trial import Trial
from .trial_status import TrialStatus

__all__ = [
    "Arm",
    "ChoiceParameter",
    "ComparisonOp",
    "Data",
    "Experiment",
    "FixedParameter",
    "GeneratorRun",
    "Metric",
    "MultiObjective",
    "MultiObjectiveOptimizationConfig",
    "Objective",
    "ObjectiveThreshold",
    "OptimizationConfig",
    "OrderConstraint",
    "OutcomeConstraint",
    "ParameterConstraint",
    "ParameterType",
    "RangeParameter",
    "ScalarizedObjective",
    "SearchSpace",
    "SumConstraint",
    "Trial",
    "TrialStatus",
]
