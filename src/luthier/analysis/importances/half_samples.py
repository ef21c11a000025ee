"""Intervals of an estimate from half of the trials at a time.

An estimate from half of the trials differs from that of all by about as much as that of all differs
from the truth: where trials are independent that holds for the spread of the halves (Politis &
Romano 1994), and where a model is pulled to one side by how the trials lie it holds for the shift
too, as half of the trials pull it about twice as far.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

from ...typing import Array, Index

N_HALVES = 4
_FACTOR = 0.8  # of the normal quantile; calibrated in benchmarks/importance.py
_NOTHING = 0.005  # a share below which an interval reaches down to 0


def half_sample_interval(
    value: Array,
    estimate: Callable[[Index], Array],
    n: int,
    level: float,
    rng: np.random.Generator,
    groups: Array | None = None,
    unknown: float = 0.0,
) -> tuple[Array, Array]:
    """Return the ends (k,), (k,) of intervals of estimates.

    Args:
        value: (k,) the estimates from all trials, shares of a variance.
        estimate: Takes rows of the trials, returns the estimates (k,) from those.
        n: Number of trials.
        level: Coverage.
        rng: Source of the halves.
        groups: (g, k) estimates by independent groups of points, of which the value is the mean;
            None where there is no integration by points.
        unknown: A standard error of all of them besides.
    """
    orders = [rng.permutation(n) for _ in range(N_HALVES // 2)]
    halves = [np.sort(half) for order in orders for half in (order[: n // 2], order[n // 2 :])]
    changes = [estimate(half) - value for half in halves]
    z = NormalDist().inv_cdf((1 + level) / 2)
    squares = z**2 * (_FACTOR**2 * np.mean(np.square(changes), axis=0) + unknown**2)
    if groups is not None:
        squares += _half_width(groups, level) ** 2
    spread = np.sqrt(squares)
    low = np.clip(value - spread, 0.0, None)
    return np.where(low < _NOTHING, 0.0, low), value + spread


def _half_width(groups: Array, level: float) -> Array:
    """Return half the width (k,) of Student's interval of the means of few estimates (g, k)."""
    g = len(groups)
    return np.asarray(stdtrit(g - 1, (1 + level) / 2) * groups.std(axis=0, ddof=1) / math.sqrt(g))
