"""Metrics that are functions of the params."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...remarks import warn_without_effect
from ..core.metric import Metric


class NoisyFunctionMetric(Metric):
    """A metric whose value is a function of the params; derive a class with a method `f`.

    Results of a trial are computed when it is completed. They have no noise.

    Args:
        name: Its name.
        param_names: The parameters, in the order of the array that `f` is given.
        noise_sd: Without effect, if it is above 0.
        lower_is_better: Whether less is better.
        **kwargs: Kept as properties.
    """

    def __init__(
        self,
        name: str,
        param_names: Sequence[str] = (),
        noise_sd: float | None = 0.0,
        lower_is_better: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, lower_is_better, kwargs)
        self.param_names = list(param_names)
        self.noise_sd = noise_sd
        if noise_sd:
            warn_without_effect(
                "noise_sd of Ax's metrics", "results are what the function returns."
            )

    def f(self, x: Any) -> float:
        """Return the value at an array (d,).

        Raises:
            NotImplementedError: The class does not say how.
        """
        raise NotImplementedError(f"{type(self).__name__} has no method f")

    def compute(self, params: Mapping[str, Any]) -> tuple[float, float]:
        """Return the value at params, and its standard error."""
        return float(self.f(np.array([params[name] for name in self.param_names]))), 0.0


class GenericNoisyFunctionMetric(NoisyFunctionMetric):
    """A metric of a function that is given the params as a dict.

    Args:
        name: Its name.
        f: The function.
        noise_sd: Without effect, if it is above 0.
        lower_is_better: Whether less is better.
    """

    def __init__(
        self,
        name: str,
        f: Any,
        noise_sd: float | None = 0.0,
        lower_is_better: bool | None = None,
    ) -> None:
        super().__init__(name, (), noise_sd, lower_is_better)
        self._f = f

    def compute(self, params: Mapping[str, Any]) -> tuple[float, float]:
        return float(self._f(dict(params))), 0.0
