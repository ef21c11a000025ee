"""Random search with Hyperband."""

from __future__ import annotations

from typing import Any

from ..intensifier.abstract_intensifier import AbstractIntensifier
from ..intensifier.hyperband import Hyperband
from ..scenario import Scenario
from .random_facade import RandomFacade


class HyperbandFacade(RandomFacade):
    """Random search with Hyperband; see `AbstractFacade`."""

    @staticmethod
    def get_intensifier(scenario: Scenario, **settings: Any) -> AbstractIntensifier:
        return Hyperband(scenario, **settings)
