"""Helpers that users of BayesianOptimization import."""

from __future__ import annotations

from typing import Any

import numpy as np

from .acquisition import AcquisitionFunction, UtilityFunction

__all__ = ["AcquisitionFunction", "UtilityFunction", "ensure_rng"]


def ensure_rng(random_state: Any = None) -> np.random.RandomState:
    """Return a generator of a seed, or the generator itself.

    Raises:
        TypeError: It is neither.
    """
    if random_state is None or isinstance(random_state, int | np.integer):
        return np.random.RandomState(random_state)
    if isinstance(random_state, np.random.RandomState):
        return random_state
    raise TypeError("random_state should be an instance of np.random.RandomState, an int, or None.")
