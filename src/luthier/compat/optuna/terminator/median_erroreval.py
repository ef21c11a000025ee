"""A share of the gain that the first trials left."""

from __future__ import annotations

import math
import sys

from ..marks import experimental_class
from ..study.direction import StudyDirection
from ..trial.frozen import FrozenTrial
from .erroreval import BaseErrorEvaluator
from .improvement.evaluator import BaseImprovementEvaluator, complete_trials


@experimental_class("4.0.0")
class MedianErrorEvaluator(BaseErrorEvaluator):
    """A share of the median gain that the first trials left.

    Args:
        paired_improvement_evaluator: What says how much could be gained.
        warm_up_trials: Trials that are left out.
        n_initial_trials: Trials whose gains count.
        threshold_ratio: The share.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        paired_improvement_evaluator: BaseImprovementEvaluator,
        warm_up_trials: int = 10,
        n_initial_trials: int = 20,
        threshold_ratio: float = 0.01,
    ) -> None:
        if warm_up_trials < 0:
            raise ValueError("`warm_up_trials` is expected to be a non-negative integer.")
        if n_initial_trials <= 0:
            raise ValueError("`n_initial_trials` is expected to be a positive integer.")
        if threshold_ratio <= 0.0 or not math.isfinite(threshold_ratio):
            raise ValueError("`threshold_ratio_to_initial_median` is expected to be a positive.")
        self._paired = paired_improvement_evaluator
        self._warm_up_trials = warm_up_trials
        self._n_initial_trials = n_initial_trials
        self._threshold_ratio = threshold_ratio
        self._threshold: float | None = None

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        if self._threshold is not None:
            return self._threshold
        complete = sorted(complete_trials(trials))[self._warm_up_trials :]
        if len(complete) < self._n_initial_trials:
            return -sys.float_info.min
        gains = [
            self._paired.evaluate(complete[:i], study_direction)
            for i in range(1, self._n_initial_trials + 1)
        ]
        median = sorted(gains)[len(gains) // 2]
        self._threshold = min(sys.float_info.max, median * self._threshold_ratio)
        return self._threshold
