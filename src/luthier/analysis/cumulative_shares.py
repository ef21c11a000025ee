"""The empirical distribution of values: the share of trials with at most a value."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..typing import Array
from .arguments import takes_history
from .measured_trials import collect_measured

_MAX_STEPS = 1_000  # of a curve; of more values it holds as many quantiles


class EDF(NamedTuple):
    """Empirical distribution function: a line of steps.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        value: (k,) finite values, ascending, where the line rises.
        share: (k,) share of the trials with at most this value; trials with -inf are in all of
            them, those with inf in none.
        n: Number of trials that count: complete and feasible ones.
        n_infeasible: Number of complete trials that break a constraint, which do not count.
    """

    objective: str
    direction: str
    value: Array
    share: Array
    n: int
    n_infeasible: int


@takes_history
def edf(history: History, objective: str | None = None) -> EDF:
    """Return the distribution of the values of an objective.

    Args:
        history: All trials.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: No trial has a value.
        StudyError: There is no such objective.
    """
    trials = collect_measured(history, objective)
    values = trials.value[trials.feasible]
    n = len(values)
    distinct, count = np.unique(values, return_counts=True)
    share = np.cumsum(count) / max(n, 1)
    finite = np.flatnonzero(np.isfinite(distinct))
    if len(finite) > _MAX_STEPS:
        finite = finite[np.linspace(0, len(finite) - 1, _MAX_STEPS).round().astype(int)]
    return EDF(
        trials.objective,
        trials.direction,
        distinct[finite],
        share[finite],
        n,
        trials.n - n,
    )
