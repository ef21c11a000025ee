"""The front of several objectives, and the trials behind it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import StudyError
from ..history.history import History
from ..typing import Array, Index, Mask
from .arguments import takes_history
from .no_results import no_complete_trials
from .points import MAX_POINTS, Density, count_points, divide_values

_N_BEHIND = 500  # trials behind the front that are given beside a density


class Pareto(NamedTuple):
    """Complete trials in the space of their values.

    Attributes:
        objectives: (m,) their names.
        directions: (m,) "minimize" or "maximize".
        number: (k,) numbers of the trials, ascending: all, or of more than 5,000 the front and an
            even sample of the others.
        values: (k, m) in the user's sign; may be infinite.
        on_front: (k,) whether no feasible trial beats it in all objectives, equals included.
        feasible: (k,) whether the trial breaks no constraint.
        n: How many complete trials there are.
        n_front: How many of them are on the front; of more than 5,000 an even sample is given.
        density: Of the first two objectives of all; None where each trial is given.
    """

    objectives: tuple[str, ...]
    directions: tuple[str, ...]
    number: Index
    values: Array
    on_front: Mask
    feasible: Mask
    n: int
    n_front: int
    density: Density | None


@takes_history
def pareto(history: History) -> Pareto:
    """Return the front of a study, and the trials behind it.

    Raises:
        NoCompletedTrialsError: No trial has a value in each objective.
        StudyError: There is one objective only.
    """
    require_several(history)
    number = np.flatnonzero(history.competing & ~np.isnan(history.values).any(axis=1))
    if not len(number):
        raise no_complete_trials(history)
    on_front = np.zeros(history.n, dtype=bool)
    on_front[history.front] = True

    n, front = len(number), number[on_front[number]]
    density = None
    if n > MAX_POINTS:
        x, y = history.values[number, :2].T
        density = count_points(x, y, divide_values(x), divide_values(y))
        behind = number[~on_front[number]]
        number = np.sort(np.concatenate([_sample(front, MAX_POINTS), _sample(behind, _N_BEHIND)]))
    return Pareto(
        objectives=history.objectives,
        directions=history.directions,
        number=number,
        values=history.values[number],
        on_front=on_front[number],
        feasible=history.feasible[number],
        n=n,
        n_front=len(front),
        density=density,
    )


def require_several(history: History) -> None:
    """Refuse a study of one objective.

    Raises:
        StudyError: It is one.
    """
    if len(history.directions) < 2:
        raise StudyError(
            f"a front needs at least two objectives, and {history.objectives[0]!r} is the only one"
        )


def _sample(numbers: Index, most: int) -> Index:
    if len(numbers) <= most:
        return numbers
    return np.asarray(numbers[np.linspace(0, len(numbers) - 1, most).round().astype(int)])
