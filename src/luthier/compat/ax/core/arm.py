"""An arm: params with a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Arm:
    """Params with a name.

    Args:
        parameters: Name to value.
        name: The arm's name; None until it belongs to a trial.
    """

    def __init__(self, parameters: Mapping[str, Any], name: str | None = None) -> None:
        self.parameters = dict(parameters)
        self.name = name

    @property
    def name_or_short_signature(self) -> str:
        """The name, or what stands for it."""
        return self.name or f"{hash(self):x}"[-8:]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Arm):
            return NotImplemented
        return (self.parameters, self.name) == (other.parameters, other.name)

    def __hash__(self) -> int:
        return hash((self.name, tuple(sorted(map(repr, self.parameters.items())))))

    def __repr__(self) -> str:
        return f"Arm(name={self.name!r}, parameters={self.parameters})"
