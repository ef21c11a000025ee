"""Trials whose best report is behind most others' at the same step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BasePruner, best_report, check_count, is_judged, sign_of

if TYPE_CHECKING:
    from ..study.shape import StudyLike


class PercentilePruner(BasePruner):
    """Keeps trials whose best report is within a percentile of complete ones at the same step.

    Args:
        percentile: The share that is kept, 0 to 100.
        n_startup_trials: Complete trials before the first one is pruned.
        n_warmup_steps: Steps of a trial before it may be pruned.
        interval_steps: Steps between two looks.
        n_min_trials: Complete trials that a step needs.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        percentile: float,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
    ) -> None:
        if not 0.0 <= percentile <= 100:
            raise ValueError(
                f"Percentile must be between 0 and 100 inclusive, but got {percentile=}."
            )
        check_count("Number of startup trials", n_startup_trials, 0)
        check_count("Number of warmup steps", n_warmup_steps, 0)
        check_count("Pruning interval steps", interval_steps, 1)
        check_count("Number of trials for pruning", n_min_trials, 1)
        self._percentile = percentile
        self._n_startup_trials = n_startup_trials
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps
        self._n_min_trials = n_min_trials

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        step = trial.last_step
        if not complete or len(complete) < self._n_startup_trials or step is None:
            return False
        if not is_judged(
            step, trial.intermediate_values, self._n_warmup_steps, self._interval_steps
        ):
            return False

        sign = sign_of(study)
        if all(math.isnan(v) for v in trial.intermediate_values.values()):
            return True
        there = [t.intermediate_values[step] for t in complete if step in t.intermediate_values]
        losses = sign * np.array(there, dtype=float)
        losses = losses[~np.isnan(losses)]
        if len(there) < self._n_min_trials or not len(losses):
            return False
        return bool(best_report(trial, sign) > np.percentile(losses, self._percentile))


class MedianPruner(PercentilePruner):
    """Keeps trials whose best report is no worse than the median at the same step.

    Args:
        n_startup_trials: Complete trials before the first one is pruned.
        n_warmup_steps: Steps of a trial before it may be pruned.
        interval_steps: Steps between two looks.
        n_min_trials: Complete trials that a step needs.
    """

    def __init__(
        self,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
    ) -> None:
        super().__init__(
            50.0, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials
        )
