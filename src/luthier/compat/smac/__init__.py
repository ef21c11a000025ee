"""SMAC's words for luthier's search: change `import smac` to this, and code runs."""

from __future__ import annotations

from . import callback, facade, initial_design, intensifier, main, runhistory
from .callback.callback import Callback
from .facade import (
    AbstractFacade,
    AlgorithmConfigurationFacade,
    BlackBoxFacade,
    HyperbandFacade,
    HyperparameterOptimizationFacade,
    MultiFidelityFacade,
    RandomFacade,
)
from .runhistory.runhistory import RunHistory
from .scenario import Scenario
from .version import __version__

version = __version__

__all__ = [
    "AbstractFacade",
    "AlgorithmConfigurationFacade",
    "BlackBoxFacade",
    "Callback",
    "HyperbandFacade",
    "HyperparameterOptimizationFacade",
    "MultiFidelityFacade",
    "RandomFacade",
    "RunHistory",
    "Scenario",
    "callback",
    "facade",
    "initial_design",
    "intensifier",
    "main",
    "runhistory",
]
