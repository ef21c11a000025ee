"""Ax's models: each name says on use what to do instead."""

from __future__ import annotations

from ....inside import refuse_names

__getattr__ = refuse_names(
    "ax.generators.torch.botorch_modular.generator",
    "Pass Generators.BOTORCH_MODULAR in a step; it is luthier's Gaussian process.",
)
