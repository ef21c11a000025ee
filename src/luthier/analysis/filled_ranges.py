"""How the trials fill the range of each parameter, and where the good ones are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..typing import Array, Index
from .axes import Axis, read_axis

_N_CELLS = 20
_GOOD = 0.2  # of the trials that can be the best


class FilledRange(NamedTuple):
    """Trials along one parameter.

    Attributes:
        axis: The parameter.
        edges: (c + 1,) of cells that are equally wide on its scale, or one for each choice.
        n: (c,) trials that have come so far to have a place.
        n_good: (c,) those among the best fifth by the first objective.
        n_inactive: Number of trials in which it is not active, or out of its present range.
    """

    axis: Axis
    edges: Array
    n: Index
    n_good: Index
    n_inactive: int


def fill_ranges(history: History) -> tuple[FilledRange, ...]:
    """Count trials along each parameter.

    Args:
        history: All trials; those that wait do not count.
    """
    begun = np.flatnonzero(history.started_s == history.started_s)
    begun = np.union1d(begun, np.flatnonzero(history.has_result))
    raw = history.space.raw(history.X)
    good = _find_good(history)
    found = []
    for j, name in enumerate(history.space.names):
        axis = read_axis(history.space, name)
        edges = axis.edges(_N_CELLS)
        n = np.histogram(raw[begun, j], edges)[0]
        n_good = np.histogram(raw[good, j], edges)[0]
        found.append(FilledRange(axis, edges, n, n_good, len(begun) - int(n.sum())))
    return tuple(found)


def _find_good(history: History) -> Index:
    """The best fifth of the trials that can be the best, by the first objective."""
    number = np.flatnonzero(history.eligible)
    loss = history.losses[number, 0] if len(number) else np.empty(0)
    number = number[~np.isnan(loss)]
    most = int(np.ceil(_GOOD * len(number)))
    return number[np.argsort(history.losses[number, 0], kind="stable")[:most]]
