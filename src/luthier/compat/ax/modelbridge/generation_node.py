"""The older path of `ax.generation_strategy.generation_node`."""

from __future__ import annotations

from ..generation_strategy.generation_node import GenerationNode, GenerationStep

__all__ = ["GenerationNode", "GenerationStep"]
