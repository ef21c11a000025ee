"""A limit on what can be told of an architecture before it is trained."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ..space.space import Space

Measure = Callable[[Mapping[str, Any]], float]
"""What tells a number of an architecture from its params: its size, its operations, its latency."""

_N_MEASURED = 256  # architectures among which the least is looked for
_MAX_KEPT = 100_000


class Limit:
    """A hard constraint: what is measured of an architecture is at most a number.

    Each architecture is measured once.

    Args:
        name: Of what is measured.
        measure: Tells it from the params of the architecture.
        most: The most that is allowed.
        names: The parameters of the architecture; others do not matter.
    """

    def __init__(self, name: str, measure: Measure, most: float, names: Collection[str]) -> None:
        self.name = name
        self.most = most
        self.__name__ = f"{name} <= {most:g}"
        self._measure = measure
        self._names = names
        self._kept: dict[tuple[Any, ...], float] = {}

    def __call__(self, params: dict[str, Any]) -> bool:
        return self.measure(params) <= self.most

    def measure(self, params: Mapping[str, Any]) -> float:
        """Return what is measured."""
        own = {name: params[name] for name in self._names if name in params}
        key = tuple(own.items())
        if key not in self._kept:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = float(self._measure(own))
        return self._kept[key]

    def explain(self, space: Space) -> str:
        """Return the least that architectures of a space have, in words."""
        drawn = space.decode(space.sample(np.random.default_rng(0), _N_MEASURED))
        least = min(self.measure(params) for params in drawn)
        return f"the least {self.name} of {_N_MEASURED} architectures is {least:g}"
