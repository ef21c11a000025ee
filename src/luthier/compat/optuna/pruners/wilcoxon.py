"""Trials that a signed-rank test finds worse than the best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ....numerics.stats import wilcoxon_signed_rank
from ..marks import experimental_class, warn
from ..trial.frozen import FrozenTrial
from .base import BasePruner, sign_of

if TYPE_CHECKING:
    from ..study.shape import StudyLike


@experimental_class("3.6.0")
class WilcoxonPruner(BasePruner):
    """Prunes a trial that is significantly worse than the best, step by step.

    For objectives that are a mean over folds or instances, each reported with its index as step.

    Args:
        p_threshold: Prunes where the one-sided p-value is below.
        n_startup_steps: Steps that both must have.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(self, *, p_threshold: float = 0.1, n_startup_steps: int = 2) -> None:
        if n_startup_steps < 0:
            raise ValueError(f"n_startup_steps must be nonnegative but got {n_startup_steps}.")
        if not 0.0 <= p_threshold <= 1.0:
            raise ValueError(f"p_threshold must be between 0 and 1 but got {p_threshold}.")
        self._n_startup_steps = n_startup_steps
        self._p_threshold = p_threshold

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        own = trial.intermediate_values
        if not own:
            return False
        if not all(map(math.isfinite, own.values())):
            warn(
                f"The intermediate values of the current trial (trial {trial.number}) contain "
                "infinity/NaNs. WilcoxonPruner will not prune this trial.",
                stacklevel=3,
            )
            return False
        try:
            best_trial = study.best_trial
        except ValueError:  # there is none
            return False
        best = best_trial.intermediate_values
        if not best:
            warn(
                "The best trial has no intermediate values so WilcoxonPruner cannot prune trials. "
                "If you have added the best trial with Study.add_trial, please consider setting "
                "intermediate_values argument.",
                stacklevel=3,
            )
            return False
        if not all(map(math.isfinite, best.values())):
            warn(
                f"The intermediate values of the best trial (trial {best_trial.number}) contain "
                "infinity/NaNs. WilcoxonPruner will not prune the current trial.",
                stacklevel=3,
            )
            return False
        shared = sorted(own.keys() & best.keys())
        if len(shared) < len(own):
            warn(
                "WilcoxonPruner finds steps existing in the current trial but does not exist in "
                "the best trial. Those values are ignored.",
                stacklevel=3,
            )
        if len(shared) < max(2, self._n_startup_steps):
            return False
        sign = sign_of(study)
        difference = sign * np.array([own[s] - best[s] for s in shared])
        mean_is_better = sign * np.mean(list(best.values())) >= sign * np.mean(list(own.values()))
        p = wilcoxon_signed_rank(difference, alternative="greater")
        return bool(p < self._p_threshold and not mean_is_better)
