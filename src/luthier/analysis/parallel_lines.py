"""Trials as lines across parallel axes, one for each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..typing import Array, Index, Mask
from .arguments import takes_history
from .axes import Axis, read_axes
from .measured_trials import MeasuredTrials, collect_measured

_MAX_LINES = 1_000


class Parallel(NamedTuple):
    """Trials as lines.

    Attributes:
        axes: d parameters.
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        number: (k,) numbers of the trials, the worst first, so that the best are drawn on top.
        raw: (k, d) their params: numbers, or the index of a choice; NaN where inactive.
        position: (k, d) where these lie on their axes, from 0 to 1.
        value: (k,) in the user's sign; may be infinite.
        feasible: (k,) whether the trial breaks no constraint.
        n: How many complete trials there are: of more than 1,000 only the best half thousand are
            lines, and an even sample of the others.
    """

    axes: tuple[Axis, ...]
    objective: str
    direction: str
    number: Index
    raw: Array
    position: Array
    value: Array
    feasible: Mask
    n: int


@takes_history
def parallel(
    history: History, params: Sequence[str] | None = None, objective: str | None = None
) -> Parallel:
    """Return the complete trials as lines across the axes of some params.

    Args:
        history: All trials.
        params: Names, in the order of the axes; None for all.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        TooFewResultsError: There are no parameters.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
    """
    axes = read_axes(history.space, params)
    trials = collect_measured(history, objective)
    n = trials.n
    trials = trials.take(sample_trials(trials, _MAX_LINES)[::-1])
    columns = [history.space.column[axis.name] for axis in axes]
    raw = history.space.raw(history.X[trials.number])[:, columns]
    position = np.full(raw.shape, np.nan)
    for j, axis in enumerate(axes):
        position[:, j] = axis.position(raw[:, j])
    return Parallel(
        axes,
        trials.objective,
        trials.direction,
        trials.number,
        raw,
        position,
        trials.value,
        trials.feasible,
        n,
    )


def sample_trials(trials: MeasuredTrials, most: int) -> Index:
    """Return the positions of at most some of the trials, the best first.

    Of too many the best half, and of the others an even sample by rank.
    """
    order = np.lexsort((trials.loss, ~trials.feasible))
    if len(order) <= most:
        return order
    n_best = most // 2
    rest = np.linspace(n_best, len(order) - 1, most - n_best).round().astype(int)
    return np.concatenate([order[:n_best], order[rest]])
