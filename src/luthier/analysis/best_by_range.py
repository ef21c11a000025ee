"""The best value in each tenth of a range: what a parameter allows, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..typing import Array, Index
from .arguments import takes_history
from .axes import Axis, read_axes
from .measured_trials import collect_measured

_N_RANGES = 10


class Isolation(NamedTuple):
    """The best of the trials in each part of a parameter's range.

    Attributes:
        axis: The parameter.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        edges: (k + 1,) of the parts: one for each choice or discrete number where these are few,
            else tenths, equally wide on the parameter's scale.
        value: (k,) the best value of a feasible trial in each; NaN where there is none.
        number: (k,) the trial that it is of; -1 where there is none.
        counts: (k,) number of feasible complete trials in each.
    """

    axis: Axis
    objective: str
    direction: str
    edges: Array
    value: Array
    number: Index
    counts: Index


@takes_history
def isolation(
    history: History, params: Sequence[str] | None = None, objective: str | None = None
) -> tuple[Isolation, ...]:
    """Return the best value in each part of the ranges of some params.

    A range of which nothing good comes shows at once; a good part with few trials says little.

    Args:
        history: All trials.
        params: Names; None for all.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: There are no parameters.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.

    Source: Godbole 2023 (isolation plots of the Tuning Playbook).
    """
    axes = read_axes(history.space, params)
    trials = collect_measured(history, objective)
    trials = trials.take(trials.feasible)
    raw = history.space.raw(history.X[trials.number])
    worst_first = np.argsort(-trials.loss, kind="stable")
    found = []
    for axis in axes:
        edges = axis.edges(_N_RANGES)
        k = len(edges) - 1
        x = raw[worst_first, history.space.column[axis.name]]
        active = worst_first[~np.isnan(x)]
        cell = np.searchsorted(edges, x[~np.isnan(x)], side="right") - 1
        cell = np.clip(cell, 0, k - 1)
        best = np.full(k, -1)
        best[cell] = active  # of several writes to one cell the last one stays: the best
        some = best >= 0
        value, number = np.full(k, np.nan), np.full(k, -1)
        value[some], number[some] = trials.value[best[some]], trials.number[best[some]]
        counts = np.bincount(cell, minlength=k)
        found.append(
            Isolation(axis, trials.objective, trials.direction, edges, value, number, counts)
        )
    return tuple(found)
