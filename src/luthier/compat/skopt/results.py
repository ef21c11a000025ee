"""Results of a search, as scipy's OptimizeResult."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from .space.space import Space


def create_result(
    Xi: Sequence[Any],
    yi: Any,
    space: Space | None = None,
    rng: Any = None,
    specs: dict[str, Any] | None = None,
    models: Sequence[Any] | None = None,
) -> Any:
    """Return the result of evaluations.

    Args:
        Xi: The points.
        yi: Their values (n,), or values and logarithms of times (n, 2).
        space: The space.
        rng: The generator.
        specs: How the search was called.
        models: The models of the search.
    """
    values = np.asarray(yi, dtype=float)
    result: Any = OptimizeResult()
    if values.ndim == 2:
        result.log_time = values[:, 1]
        values = values[:, 0]
    best = int(np.argmin(values))
    result.x = Xi[best]
    result.fun = values[best]
    result.func_vals = values
    result.x_iters = Xi
    result.models = models
    result.space = space
    result.random_state = rng
    result.specs = specs
    return result


def eval_callbacks(callbacks: Iterable[Any] | None, result: Any) -> bool:
    """Call callbacks with a result; return whether one of them ends the search."""
    decisions = [call(result) for call in callbacks or ()]
    return any(bool(d) for d in decisions if d is not None)
