"""The function of Branin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.metric import Metric
from ..utils.measurement.synthetic_functions import branin

__all__ = ["BraninMetric", "branin"]


class BraninMetric(Metric):
    """The function of Branin as a metric.

    Args:
        name: Its name.
        param_names: Its two parameters.
        noise_sd: Accepted.
        lower_is_better: Whether less is better.
        **kwargs: Accepted.
    """

    def __init__(
        self,
        name: str,
        param_names: Sequence[str] = ("x1", "x2"),
        noise_sd: float | None = 0.0,
        lower_is_better: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, lower_is_better)
        self.param_names = list(param_names)

    def f(self, x: Any) -> float:
        """Return its value at an array (2,)."""
        return branin.f(x)
