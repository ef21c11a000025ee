"""The older path of Ax's settings of models."""

from __future__ import annotations

from ....generators.torch.botorch_modular.surrogate import (
    ModelConfig,
    Surrogate,
    SurrogateSpec,
)

__all__ = ["ModelConfig", "Surrogate", "SurrogateSpec"]
