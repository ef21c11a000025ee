"""Searches by SMAC's words."""

from __future__ import annotations

from .abstract_facade import AbstractFacade
from .algorithm_configuration_facade import AlgorithmConfigurationFacade
from .blackbox_facade import BlackBoxFacade
from .hyperband_facade import HyperbandFacade
from .hyperparameter_optimization_facade import HyperparameterOptimizationFacade
from .multi_fidelity_facade import MultiFidelityFacade
from .random_facade import RandomFacade

__all__ = [
    "AbstractFacade",
    "AlgorithmConfigurationFacade",
    "BlackBoxFacade",
    "HyperbandFacade",
    "HyperparameterOptimizationFacade",
    "MultiFidelityFacade",
    "RandomFacade",
]
