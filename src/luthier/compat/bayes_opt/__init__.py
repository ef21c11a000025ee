"""BayesianOptimization's words for luthier's search: change `import bayes_opt` to this."""

from __future__ import annotations

from . import acquisition
from .acquisition import UtilityFunction
from .bayesian_optimization import BayesianOptimization
from .constraint import ConstraintModel
from .domain_reduction import SequentialDomainReductionTransformer
from .event import Events
from .logger import JSONLogger, ScreenLogger
from .target_space import TargetSpace

__version__ = "3.4.0"

__all__ = [
    "BayesianOptimization",
    "ConstraintModel",
    "Events",
    "JSONLogger",
    "ScreenLogger",
    "SequentialDomainReductionTransformer",
    "TargetSpace",
    "UtilityFunction",
    "acquisition",
]
