"""Ax's factories of models: Sobol points; the others say on use what to do instead."""

from __future__ import annotations

from ....samplers.qmc import QMC
from ..core.search_space import SearchSpace
from ..inside import refuse_names
from .registry import EvenPoints


def get_sobol(search_space: SearchSpace, seed: int | None = None) -> EvenPoints:
    """Return what gives points that fill a space.

    Args:
        search_space: The space.
        seed: The same seed gives the same points.
    """
    return EvenPoints(search_space, QMC(), "Sobol", seed)


__getattr__ = refuse_names("ax.adapter.factory", "Make a GenerationStrategy of steps.")
