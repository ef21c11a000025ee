"""What an objective may ask of a trial, whichever kind it is."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, cast

from ..distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from ..marks import deprecated_func

_ADVICE = "Use suggest_float{} instead."


class BaseTrial(abc.ABC):
    """Base of live, frozen and fixed trials."""

    @abc.abstractmethod
    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        """Return the value of a parameter."""

    def suggest(self, name: str, distribution: BaseDistribution) -> Any:
        """Return the value of a parameter."""
        return self._suggest(name, distribution)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a real number from low to high."""
        distribution = FloatDistribution(low, high, log=log, step=step)
        return cast(float, self._suggest(name, distribution))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return a whole number from low to high."""
        return int(self._suggest(name, IntDistribution(low, high, log=log, step=step)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        return self._suggest(name, CategoricalDistribution(choices=choices))

    @deprecated_func("3.0.0", "6.0.0", text=_ADVICE.format(""))
    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Return a real number: an older name of `suggest_float`."""
        return self.suggest_float(name, low, high)

    @deprecated_func("3.0.0", "6.0.0", text=_ADVICE.format("(..., log=True)"))
    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Return a real number on a log scale: an older name."""
        return self.suggest_float(name, low, high, log=True)

    @deprecated_func("3.0.0", "6.0.0", text=_ADVICE.format("(..., step=...)"))
    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Return a real number in steps: an older name."""
        return self.suggest_float(name, low, high, step=q)

    @abc.abstractmethod
    def report(self, value: float, step: int) -> None:
        """Note an intermediate value."""

    @abc.abstractmethod
    def should_prune(self) -> bool:
        """Whether the pruner would end the trial here."""

    @abc.abstractmethod
    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something about the trial."""

    @abc.abstractmethod
    def set_system_attr(self, key: str, value: Any) -> None:
        """Note something of the machinery."""

    @abc.abstractmethod
    def set_constraint(self, key: str, value: float) -> None:
        """Note how far a constraint is violated; feasible is at most 0."""
