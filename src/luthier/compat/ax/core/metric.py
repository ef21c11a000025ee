"""A metric: a name, and whether less is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Metric:
    """A measured quantity.

    Args:
        name: Its name.
        lower_is_better: Whether less is better; None where it is not known.
        properties: Kept.
    """

    name: str
    lower_is_better: bool | None = None
    properties: dict[str, Any] = field(default_factory=dict)

    def compute(self, params: Mapping[str, Any]) -> tuple[float, float] | None:
        """Return the value at params and its standard error; None where it is reported."""
        return None

    @property
    def signature(self) -> str:
        """The name under which its results are kept."""
        return self.name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Metric):
            return NotImplemented
        return type(self) is type(other) and self.name == other.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))
