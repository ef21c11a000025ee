"""Random search."""

from __future__ import annotations

from typing import Any

from .... import samplers
from ....samplers.base import Sampler
from ..initial_design.abstract_initial_design import AbstractInitialDesign, DefaultInitialDesign
from ..scenario import Scenario
from .abstract_facade import AbstractFacade


class RandomFacade(AbstractFacade):
    """Random search, with racing; see `AbstractFacade`."""

    def make_sampler(self) -> Sampler:
        return samplers.Random()

    @staticmethod
    def get_initial_design(scenario: Scenario, **settings: Any) -> AbstractInitialDesign:
        return DefaultInitialDesign(scenario, **settings)
