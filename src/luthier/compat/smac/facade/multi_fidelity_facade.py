"""Several budgets: a random forest and Hyperband."""

from __future__ import annotations

from typing import Any

from ..initial_design.abstract_initial_design import AbstractInitialDesign, RandomInitialDesign
from ..intensifier.abstract_intensifier import AbstractIntensifier
from ..intensifier.hyperband import Hyperband
from ..scenario import Scenario
from .hyperparameter_optimization_facade import HyperparameterOptimizationFacade


class MultiFidelityFacade(HyperparameterOptimizationFacade):
    """Several budgets: a random forest and Hyperband; see `AbstractFacade`."""

    @staticmethod
    def get_intensifier(scenario: Scenario, **settings: Any) -> AbstractIntensifier:
        return Hyperband(scenario, **settings)

    @staticmethod
    def get_initial_design(scenario: Scenario, **settings: Any) -> AbstractInitialDesign:
        return RandomInitialDesign(scenario, **settings)
