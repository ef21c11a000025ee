"""The older path of `ax.generation_strategy.generation_strategy`."""

from __future__ import annotations

from ..generation_strategy.generation_strategy import (
    GenerationNode,
    GenerationStep,
    GenerationStrategy,
    GeneratorSpec,
)

__all__ = ["GenerationNode", "GenerationStep", "GenerationStrategy", "GeneratorSpec"]
