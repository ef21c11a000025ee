"""Measured trials: those that have a value, as every figure of values counts them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..errors import StudyError, find_closest
from ..history.history import History
from ..typing import Array, Index, Mask
from ..validation import show
from .no_results import no_complete_trials


class MeasuredTrials(NamedTuple):
    """The complete trials of a study, re-runs of `Study.confirm` left out.

    Attributes:
        objective: Name of the objective.
        direction: "minimize" or "maximize".
        number: (k,) numbers of the trials, ascending.
        value: (k,) in the user's sign; may be infinite.
        loss: (k,) the same, signed so that smaller is better.
        feasible: (k,) whether the trial breaks no constraint.
    """

    objective: str
    direction: str
    number: Index
    value: Array
    loss: Array
    feasible: Mask

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.number)

    def take(self, use: Mask | Index) -> MeasuredTrials:
        """Return some of them."""
        return self._replace(
            number=self.number[use],
            value=self.value[use],
            loss=self.loss[use],
            feasible=self.feasible[use],
        )


def find_objective(history: History, objective: str | None) -> int:
    """Return the column of an objective; 0 where none is named.

    Raises:
        StudyError: There is none of that name.
    """
    if objective is None:
        return 0
    if isinstance(objective, str) and objective in history.objectives:
        return history.objectives.index(objective)
    if not isinstance(objective, str):
        raise StudyError(
            f"objective is the name of one, got {show(objective)}; there are "
            f"{', '.join(history.objectives):.500}"
        )
    near = find_closest(objective, history.objectives)
    hint = f"did you mean {near!r}? " if near else ""
    raise StudyError(
        f"no objective {objective!r:.200}; {hint}there are {', '.join(history.objectives):.500}"
    )


def collect_measured(history: History, objective: str | None = None) -> MeasuredTrials:
    """Collect the trials that have a value.

    Args:
        history: All trials.
        objective: Name of one; None for the first.

    Raises:
        NoCompletedTrialsError: None has.
        StudyError: There is no such objective.
    """
    j = find_objective(history, objective)
    value = history.values[:, j]
    number = np.flatnonzero(history.competing & ~np.isnan(value))
    if not len(number):
        raise no_complete_trials(history)
    return MeasuredTrials(
        history.objectives[j],
        history.directions[j],
        number,
        value[number],
        history.losses[number, j],
        history.feasible[number],
    )
