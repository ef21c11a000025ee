"""Random points that satisfy hard constraints, however few do."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from ..typing import Array, Mask

_BATCH = 256  # draws at a time, at least
_MAX_ROUNDS = 200  # such batches before a space counts as infeasible
_N_EVEN = 16  # rounds before batches grow
_MIN_DRAWS = 4_096  # draws before a space counts as infeasible, however long its constraints are
_MAX_WORK = 2**28  # draws times parts of the constraints, beyond which there are fewer draws
_MAX_BATCH = 2**21  # numbers drawn at a time
_MAX_STEPS = 512  # of a walk


def draw_feasible(
    draw: Callable[[int], Array], feasible: Callable[[Array], Mask], n: int, n_parts: int
) -> tuple[Array, int]:
    """Return up to n points (n, d) that satisfy constraints, by rejection sampling.

    Args:
        draw: Returns m random points (m, d).
        feasible: Returns which of m points satisfy the constraints (m,).
        n: How many points.
        n_parts: Number of parts of the constraints; if they are long, there are fewer draws.

    Returns:
        The points, and the number of draws.
    """
    X = draw(n)
    found = X[feasible(X)]
    n_drawn = n
    most = n + _limit_draws(_MAX_ROUNDS * max(_BATCH, 2 * n), n_parts)
    for i in itertools.count():
        if len(found) >= n or n_drawn >= most:
            break
        size = max(_BATCH, 2 * (n - len(found)), n_drawn // 2 if i >= _N_EVEN else 0)
        X = draw(min(size, max(_BATCH, _MAX_BATCH // max(X.shape[1], 1))))
        found = np.concatenate([found, X[feasible(X)]])
        n_drawn += len(X)
    return found[:n], n_drawn


def walk(
    U: Array,
    place: Callable[[Array], Array],
    feasible: Callable[[Array], Mask],
    n_parts: int,
    rng: np.random.Generator,
) -> Array:
    """Return feasible points (n, d) but for rounding, each at the end of a walk from one of U.

    A step moves one coordinate towards a random value, by a random share of the way. It is not
    taken where the point would break a constraint.

    Args:
        U: (n, d) feasible points of the unit cube.
        place: Returns the points of the space that points of the unit cube stand for.
        feasible: Returns which of n points of the space satisfy the constraints (n,).
        n_parts: Number of parts of the constraints; if they are long, there are fewer steps.
        rng: Source of the steps.
    """
    n, d = U.shape
    rows = np.arange(n)
    for _ in range(min(8 * d, _MAX_STEPS, _limit_draws(_MAX_STEPS * n, n_parts) // n)):
        column = rng.integers(d, size=n)
        share = 10 ** (-3 * rng.random(n))
        V = U.copy()
        V[rows, column] += share * (rng.random(n) - V[rows, column])
        U = np.where(feasible(place(V))[:, None], V, U)
    return place(U)


def _limit_draws(n: int, n_parts: int) -> int:
    """Return n, or fewer where so many draws would take long."""
    return min(n, max(_MIN_DRAWS, _MAX_WORK // max(n_parts, 1)))
