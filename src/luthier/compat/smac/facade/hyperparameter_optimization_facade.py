"""Hyperparameter optimisation: a random forest."""

from __future__ import annotations

from .... import samplers
from ....samplers.base import Sampler
from .abstract_facade import AbstractFacade


class HyperparameterOptimizationFacade(AbstractFacade):
    """Hyperparameter optimisation: a random forest and racing; see `AbstractFacade`."""

    def make_sampler(self) -> Sampler:
        if self.scenario.count_objectives() > 1:
            return samplers.Auto()
        return samplers.Forest(n_startup_trials=1)
