"""Helpers that users of BayesianOptimization import."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .acquisition import AcquisitionFunction, UtilityFunction
from .exception import NotUniqueError

__all__ = ["AcquisitionFunction", "UtilityFunction", "ensure_rng", "load_logs"]


def load_logs(optimizer: Any, logs: str | Path | Iterable[str | Path]) -> Any:
    """Register the points in files of `JSONLogger`; those that are there are left out.

    Args:
        optimizer: The search.
        logs: The files.

    Returns:
        The search.

    Raises:
        ValueError: A line is no point.
    """
    for path in [logs] if isinstance(logs, str | Path) else logs:
        for place, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
            try:
                one = json.loads(line)
                given = one["params"], one["target"], one.get("constraint")
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"line {place} of {path} is no point of JSONLogger") from None
            try:
                optimizer.register(*given)
            except NotUniqueError:
                continue
    return optimizer


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
