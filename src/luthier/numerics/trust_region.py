"""A box around the best point that grows with success and shrinks with failure."""

from __future__ import annotations

import math

import numpy as np

from ..typing import Array

_LEAST = 2.0**-7
_MOST = 1.6
_SUCCESSES = 3


def box_length(losses: Array, patience: int, start: float = 0.8) -> float:
    """Side of the box, on the unit interval, after these losses.

    It doubles after 3 losses in a row that were the best so far, and halves after `patience` that
    were not; below 1/128 it begins anew.

    Args:
        losses: (n,) in the order in which they came.
        patience: Losses that may fail to be the best before it halves.
        start: Side before any loss.

    Source: Eriksson 2019 (TuRBO-1), as a function of the losses. Deviation: nothing is forgotten
    when it begins anew.
    """
    better = losses < np.minimum.accumulate(np.concatenate([[math.inf], losses]))[:-1]
    length = start
    successes = 0
    failures = 0
    for success in better.tolist():
        successes = successes + 1 if success else 0
        failures = 0 if success else failures + 1
        if successes == _SUCCESSES:
            length = min(2 * length, _MOST)
            successes = 0
        elif failures == patience:
            length /= 2
            failures = 0
            if length < _LEAST:
                length = start
    return length


def box(centre: Array, lengthscales: Array, length: float) -> tuple[Array, Array]:
    """Corners (d,) of a box around a centre (d,), within the unit cube.

    Its sides are proportional to the lengthscales (d,), with `length` as their geometric mean.
    """
    sides = length * lengthscales / math.exp(float(np.log(lengthscales).mean()))
    return np.maximum(centre - sides / 2, 0.0), np.minimum(centre + sides / 2, 1.0)
