"""What users pass as callbacks."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState

if TYPE_CHECKING:
    from .shape import StudyLike


class MaxTrialsCallback:
    """Stops a study once it has some trials, of all runs and workers.

    Args:
        n_trials: How many.
        states: States that count; None for all.
    """

    def __init__(
        self, n_trials: int, states: Container[TrialState] | None = (TrialState.COMPLETE,)
    ) -> None:
        self._n_trials = n_trials
        self._states = states

    def __call__(self, study: StudyLike, trial: FrozenTrial) -> None:
        if len(study.get_trials(deepcopy=False, states=self._states)) >= self._n_trials:
            study.stop()
