"""Ax's words for luthier's search: change `import ax` to this, and code runs."""

from __future__ import annotations

from .adapter.registry import Models
from .api.client import Client
from .api.configs import (
    ChoiceParameterConfig,
    DerivedParameterConfig,
    RangeParameterConfig,
    StorageConfig,
)
from .api.types import TOutcome, TParameterization
from .core import (
    Arm,
    ChoiceParameter,
    ComparisonOp,
    Data,
    Experiment,
    FixedParameter,
    GeneratorRun,
    Metric,
    MultiObjective,
    MultiObjectiveOptimizationConfig,
    Objective,
    ObjectiveThreshold,
    OptimizationConfig,
    OrderConstraint,
    OutcomeConstraint,
    ParameterConstraint,
    ParameterType,
    RangeParameter,
    SearchSpace,
    SumConstraint,
    Trial,
)
from .core.runner import Runner
from .service.ax_client import AxClient
from .service.managed_loop import optimize
from .service.utils.instantiation import FixedFeatures, ObjectiveProperties

__version__ = "1.3.0"

__all__ = [
    "Arm",
    "AxClient",
    "ChoiceParameter",
    "ChoiceParameterConfig",
    "Client",
    "ComparisonOp",
    "Data",
    "DerivedParameterConfig",
    "Experiment",
    "FixedFeatures",
    "FixedParameter",
    "GeneratorRun",
    "Metric",
    "Models",
    "MultiObjective",
    "MultiObjectiveOptimizationConfig",
    "Objective",
    "ObjectiveProperties",
    "ObjectiveThreshold",
    "OptimizationConfig",
    "OrderConstraint",
    "OutcomeConstraint",
    "ParameterConstraint",
    "ParameterType",
    "RangeParameter",
    "RangeParameterConfig",
    "Runner",
    "SearchSpace",
    "StorageConfig",
    "SumConstraint",
    "TOutcome",
    "TParameterization",
    "Trial",
    "optimize",
]
