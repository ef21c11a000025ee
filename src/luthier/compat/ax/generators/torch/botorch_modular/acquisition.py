"""Ax's acquisition functions: each name says on use what to do instead."""

from __future__ import annotations

from ....inside import refuse_names

__getattr__ = refuse_names(
    "ax.generators.torch.botorch_modular.acquisition",
    "luthier.samplers.GP chooses its acquisition function by itself.",
)
