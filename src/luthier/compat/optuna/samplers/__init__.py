"""Samplers, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "BaseGASampler",
    "BaseSampler",
    "BruteForceSampler",
    "CmaEsSampler",
    "GPSampler",
    "GridSampler",
    "NSGAIIISampler",
    "NSGAIISampler",
    "PartialFixedSampler",
    "QMCSampler",
    "RandomSampler",
    "TPESampler",
    "nsgaii",
]

if TYPE_CHECKING:
    from . import nsgaii as nsgaii
    from .base import BaseSampler as BaseSampler
    from .brute_force import BruteForceSampler as BruteForceSampler
    from .cmaes import CmaEsSampler as CmaEsSampler
    from .gp import GPSampler as GPSampler
    from .grid import GridSampler as GridSampler
    from .nsga import NSGAIIISampler as NSGAIIISampler
    from .nsga import NSGAIISampler as NSGAIISampler
    from .partial_fixed import PartialFixedSampler as PartialFixedSampler
    from .qmc import QMCSampler as QMCSampler
    from .random import RandomSampler as RandomSampler
    from .refused import BaseGASampler as BaseGASampler
    from .tpe import TPESampler as TPESampler
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "nsgaii": "",
            "BaseSampler": "base",
            "BruteForceSampler": "brute_force",
            "CmaEsSampler": "cmaes",
            "GPSampler": "gp",
            "GridSampler": "grid",
            "NSGAIIISampler": "nsga",
            "NSGAIISampler": "nsga",
            "PartialFixedSampler": "partial_fixed",
            "QMCSampler": "qmc",
            "RandomSampler": "random",
            "BaseGASampler": "refused",
            "TPESampler": "tpe",
        },
    )
