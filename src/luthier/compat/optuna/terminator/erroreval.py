"""How wrong the value of a trial may be."""

from __future__ import annotations

import abc
import math
from typing import TYPE_CHECKING

import numpy as np

from ..marks import deprecation, experimental_class, warn
from ..study.direction import StudyDirection
from ..trial.frozen import FrozenTrial
from .improvement.evaluator import complete_trials

if TYPE_CHECKING:
    from ..trial.live import Trial

SCORES_KEY = "terminator:cv_scores"
OLD = deprecation("`optuna.terminator` module", "4.9.0", "6.0.0")


class BaseErrorEvaluator(abc.ABC):
    """Base of what says how wrong the value of a trial may be."""

    @abc.abstractmethod
    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the error, in units of the value."""


@experimental_class("3.2.0")
class CrossValidationErrorEvaluator(BaseErrorEvaluator):
    """The standard error of the best trial's value, from the scores of its folds."""

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        """Return the error.

        Source: Makarova 2022, section 4 (Nadeau & Bengio 2003).

        Raises:
            ValueError: The trial has not reported its scores.
        """
        choose = max if study_direction == StudyDirection.MAXIMIZE else min
        best = choose(complete_trials(trials), key=lambda t: float(t.values[0]))
        scores = best.system_attrs.get(SCORES_KEY)
        if scores is None:
            raise ValueError(
                "Cross-validation scores have not been reported. Please call "
                "`report_cross_validation_scores(trial, scores)` during a trial and pass the list "
                "of scores as `scores`."
            )
        k = len(scores)
        return math.sqrt((1 / k + 1 / (k - 1)) * float(np.var(scores)))


def report_cross_validation_scores(trial: Trial, scores: list[float]) -> None:
    """Note the scores of a trial's folds.

    Raises:
        ValueError: There are fewer than two.
    """
    warn(OLD, FutureWarning, stacklevel=2)
    if len(scores) <= 1:
        raise ValueError("The length of `scores` is expected to be greater than one.")
    trial.storage.set_trial_system_attr(trial.trial_id, SCORES_KEY, scores)


@experimental_class("3.2.0")
class StaticErrorEvaluator(BaseErrorEvaluator):
    """An error that is known.

    Args:
        constant: The error.
    """

    def __init__(self, constant: float) -> None:
        self._constant = constant

    def evaluate(self, trials: list[FrozenTrial], study_direction: StudyDirection) -> float:
        return self._constant
