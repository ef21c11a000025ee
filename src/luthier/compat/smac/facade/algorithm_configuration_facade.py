"""Algorithm configuration: a random forest over instances."""

from __future__ import annotations

from typing import Any

from ..initial_design.abstract_initial_design import AbstractInitialDesign, DefaultInitialDesign
from ..intensifier.intensifier import Intensifier
from ..scenario import Scenario
from .hyperparameter_optimization_facade import HyperparameterOptimizationFacade


class AlgorithmConfigurationFacade(HyperparameterOptimizationFacade):
    """Algorithm configuration: from the default on, over many instances."""

    @staticmethod
    def get_initial_design(scenario: Scenario, **settings: Any) -> AbstractInitialDesign:
        return DefaultInitialDesign(scenario, **settings)

    @staticmethod
    def get_intensifier(scenario: Scenario, **settings: Any) -> Intensifier:
        settings.setdefault("max_config_calls", 2000)
        return Intensifier(scenario, **settings)
