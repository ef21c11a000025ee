"""Repeated points: trials that ran the same params, and how far their values differ."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..trial.record import State
from ..typing import Array, Index
from .arguments import takes_history
from .measured_trials import find_objective

_MAX_GROUPS = 100


class Duplicates(NamedTuple):
    """Trials with the same params, re-runs of `Study.confirm` left out.

    Attributes:
        objective: Name of the objective.
        groups: Numbers of the trials of each point that was tried more than once, the largest
            groups first; at most 100 of them.
        values: Of each of these groups, the values of its trials; NaN where one has none.
        n_groups: Number of such points.
        n_repeats: Number of trials that tried what an earlier one had tried.
        n: Number of trials that have had a turn and fit the present space.
        share: n_repeats / n.
        noise: Standard deviation of the values of one point, pooled over all that completed more
            than once; NaN where none has, or a value is not finite.
        n_noise: Degrees of freedom of it: the number of values less the number of points.
        n_points: Number of points that the space has; inf for a continuous one.
    """

    objective: str
    groups: tuple[Index, ...]
    values: tuple[Array, ...]
    n_groups: int
    n_repeats: int
    n: int
    share: float
    noise: float
    n_noise: int
    n_points: float


@takes_history
def duplicates(history: History, objective: str | None = None) -> Duplicates:
    """Find the trials that ran the same params as another.

    Args:
        history: All trials.
        objective: Name of the one whose noise is measured; None for the first.

    Raises:
        TooFewResultsError: No trial with a parameter has had a turn.
        StudyError: There is no such objective.
    """
    j = find_objective(history, objective)
    turned = (history.state >= State.PAUSED) & history.fits & ~history.confirming
    turned &= ~np.isnan(history.X).all(axis=1)
    number = np.flatnonzero(turned)
    if not len(number):
        raise TooFewResultsError(f"no trial with a parameter has had a turn yet ({history})")

    keys = {key: i for i, key in enumerate(dict.fromkeys(history.space.keys(history.X[number])))}
    group = np.array([keys[key] for key in history.space.keys(history.X[number])])
    sizes = np.bincount(group)
    repeated = np.flatnonzero(sizes > 1)
    largest = repeated[np.argsort(-sizes[repeated], kind="stable")][:_MAX_GROUPS]
    by_group = np.argsort(group, kind="stable")
    begin = np.concatenate([[0], np.cumsum(sizes)])

    noise, n_noise = _pool(history, j, number, group)
    n_repeats = len(number) - len(sizes)
    groups = tuple(number[by_group[begin[g] : begin[g + 1]]] for g in largest.tolist())
    value = np.where(history.state == State.COMPLETE, history.values[:, j], np.nan)
    return Duplicates(
        objective=history.objectives[j],
        groups=groups,
        values=tuple(value[of] for of in groups),
        n_groups=len(repeated),
        n_repeats=n_repeats,
        n=len(number),
        share=n_repeats / len(number),
        noise=noise,
        n_noise=n_noise,
        n_points=history.space.n_points,
    )


def _pool(history: History, j: int, number: Index, group: Index) -> tuple[float, int]:
    """Return the standard deviation of values about the mean of their group, and its freedom."""
    value = history.values[number, j]
    complete = (history.state[number] == State.COMPLETE) & ~np.isnan(value)
    value, group = value[complete], group[complete]
    count = np.bincount(group)
    several = count[group] > 1
    value, group = value[several], group[several]
    n_noise = len(value) - len(np.unique(group))
    if not n_noise or not np.isfinite(value).all():
        return math.nan, n_noise
    scale = float(np.abs(value).max()) or 1.0  # no square overflows
    value = value / scale
    mean = np.bincount(group, value) / np.maximum(np.bincount(group), 1)
    return scale * math.sqrt(float(((value - mean[group]) ** 2).sum()) / n_noise), n_noise
