"""Points of a figure, and the density that stands for them where there are too many."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..typing import Array, Index, Mask
from .measured_trials import MeasuredTrials

MAX_POINTS = 5_000
"""Points up to which all are given; beyond it a density counts them, and only the best are."""

_N_BEST = 500  # points beside a density
_N_CELLS = 50
_FAR = 3.0  # interquartile ranges beyond a quartile, from which values share the last cell


class Density(NamedTuple):
    """How many points lie in each cell of a grid; those beyond it count in its outer cells.

    Attributes:
        x: (a + 1,) edges of the cells.
        y: (b + 1,) edges of the cells.
        counts: (a, b) points.
    """

    x: Array
    y: Array
    counts: Index


class Points(NamedTuple):
    """Trials as points: all of them, or the best 500 and a density where there are over 5,000.

    Attributes:
        number: (k,) numbers of the trials.
        x: (k,) where they stand.
        value: (k,) in the user's sign; may be infinite.
        feasible: (k,) whether the trial breaks no constraint.
        n: How many there are in all.
        density: Of all; None where each is given.
    """

    number: Index
    x: Array
    value: Array
    feasible: Mask
    n: int
    density: Density | None


def count_points(x: Array, y: Array, x_edges: Array, y_edges: Array) -> Density:
    """Count points (n,) in cells; points with NaN count nowhere."""
    known = ~(np.isnan(x) | np.isnan(y))
    a = _find_cells(x[known], x_edges)
    b = _find_cells(y[known], y_edges)
    shape = len(x_edges) - 1, len(y_edges) - 1
    counts = np.bincount(a * shape[1] + b, minlength=shape[0] * shape[1])
    return Density(x_edges, y_edges, counts.reshape(shape))


def _find_cells(values: Array, edges: Array) -> Index:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def divide_values(values: Array, n: int = _N_CELLS) -> Array:
    """Return edges (k + 1,) of equally wide cells for values (n,).

    Values farther than three interquartile ranges beyond a quartile (Tukey's outer fences) do not
    stretch the cells, and neither do infinite ones.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.array([-0.5, 0.5])
    low, high = float(finite.min()), float(finite.max())
    q1, q3 = np.quantile(finite / 8, [0.25, 0.75]).tolist()  # eighths: fences cannot overflow
    if q3 > q1:
        low = max(low, 8 * max(q1 - _FAR * (q3 - q1), low / 8))
        high = min(high, 8 * min(q3 + _FAR * (q3 - q1), high / 8))
    if low == high:
        half = abs(low) / 2 or 0.5
        return np.array([low - half, low + half])
    share = np.linspace(0, 1, n + 1)
    return np.asarray(low * (1 - share) + high * share)


def gather_points(trials: MeasuredTrials, x: Array, x_edges: Array) -> Points:
    """Gather trials as points.

    Args:
        trials: k trials.
        x: (k,) where they stand; those with NaN are left out.
        x_edges: Of the cells of a density.
    """
    known = ~np.isnan(x)
    trials, x = trials.take(known), x[known]
    n = trials.n
    density = None
    if n > MAX_POINTS:
        density = count_points(x, trials.value, x_edges, divide_values(trials.value))
        best = np.sort(np.lexsort((trials.loss, ~trials.feasible))[:_N_BEST])
        trials, x = trials.take(best), x[best]
    return Points(trials.number, x, trials.value, trials.feasible, n, density)
