"""ParEGO, for which luthier's models of all objectives stand."""

from __future__ import annotations

from typing import Any

from ...remarks import warn_without_effect
from .aggregation_strategy import MeanAggregationStrategy


class ParEGO(MeanAggregationStrategy):
    """Several costs that are all searched; a single cost of them is their mean.

    Args:
        scenario: The scenario.
        rho: Without effect.
        seed: Without effect.
    """

    def __init__(self, scenario: Any, rho: float = 0.05, seed: int | None = None) -> None:
        if rho != 0.05 or seed is not None:
            warn_without_effect("rho and seed of SMAC's ParEGO", "all costs are searched together.")
        super().__init__(scenario)
