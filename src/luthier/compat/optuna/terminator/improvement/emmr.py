"""How much another trial is expected to gain."""

from __future__ import annotations

import math
import sys

import numpy as np

from ....remarks import warn_without_effect
from ...marks import experimental_class, warn
from ...search_space import intersection_search_space
from ...study.direction import StudyDirection
from ...trial.frozen import FrozenTrial
from .evaluator import BaseImprovementEvaluator, complete_trials, regret_bound

MARGIN_FOR_NUMARICAL_STABILITY = 0.1  # as Optuna spells it
_MUCH = sys.float_info.max * MARGIN_FOR_NUMARICAL_STABILITY


@experimental_class("4.0.0")
class EMMREvaluator(BaseImprovementEvaluator):
    """The expected gain of another trial, by the bound of `RegretBoundEvaluator` over all trials.

    Args:
        deterministic_objective: Without effect: the noise is estimated.
        delta: Without effect: the bound holds with a probability of about 90 %.
        min_n_trials: Trials before there is an answer.
        seed: Of the random numbers.

    Raises:
        ValueError: `min_n_trials` is less than two.
    """

    def __init__(
        self,
        deterministic_objective: bool = False,
        delta: float = 0.1,
        min_n_trials: int = 2,
        seed: int | None = None,
    ) -> None:
        if min_n_trials <= 1 or not math.isfinite(min_n_trials):
            raise ValueError("`min_n_trials` is expected to be a finite integer more than one.")
        if deterministic_objective:
            warn_without_effect("deterministic_objective of EMMREvaluator", "noise is estimated.")
        if delta != 0.1:
            warn_without_effect("delta of EMMREvaluator", "the bound has a probability of its own.")
        self.min_n_trials = min_n_trials
        self._rng = np.random.default_rng(seed)

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the gain; a very large one where nothing is known."""
        complete = complete_trials(trials)
        if len(complete) < self.min_n_trials:
            return _MUCH
        space = intersection_search_space(trials)
        if not space:
            warn(
                f"{type(self).__name__} cannot consider any search space."
                "Termination will never occur in this study.",
                stacklevel=2,
            )
            return _MUCH
        return regret_bound(complete, study_direction, space, self._rng)
