"""Settings of Ax's models, which a step takes and which have no effect."""

from __future__ import annotations

from typing import Any


class Surrogate:
    """Settings of a model: the step that takes them says that they have no effect."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.settings = (args, kwargs)


class SurrogateSpec(Surrogate):
    """Settings of a model."""


class ModelConfig(Surrogate):
    """Settings of a model."""
