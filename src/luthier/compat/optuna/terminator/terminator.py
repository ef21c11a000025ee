"""Whether a study has done enough."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

from ..marks import warn
from ..trial.state import TrialState
from .erroreval import (
    OLD,
    BaseErrorEvaluator,
    CrossValidationErrorEvaluator,
    StaticErrorEvaluator,
)
from .improvement.evaluator import (
    BaseImprovementEvaluator,
    BestValueStagnationEvaluator,
    RegretBoundEvaluator,
)

if TYPE_CHECKING:
    from ..study.search import Study


class BaseTerminator(abc.ABC):
    """Base of what says that a study has done enough."""

    @abc.abstractmethod
    def should_terminate(self, study: Study) -> bool:
        """Whether it has."""


class Terminator(BaseTerminator):
    """A study has done enough when it could gain less than values may be wrong.

    Args:
        improvement_evaluator: How much it could gain.
        error_evaluator: How wrong values may be.
        min_n_trials: Complete trials before that.

    Raises:
        ValueError: `min_n_trials` is not positive.
    """

    def __init__(
        self,
        improvement_evaluator: BaseImprovementEvaluator | None = None,
        error_evaluator: BaseErrorEvaluator | None = None,
        min_n_trials: int = 20,
    ) -> None:
        warn(OLD, FutureWarning, stacklevel=2)
        if min_n_trials <= 0:
            raise ValueError("`min_n_trials` is expected to be a positive integer.")
        self._gain = improvement_evaluator or RegretBoundEvaluator()
        if error_evaluator is not None:
            self._error = error_evaluator
        elif isinstance(self._gain, BestValueStagnationEvaluator):
            self._error = StaticErrorEvaluator(constant=0)
        else:
            self._error = CrossValidationErrorEvaluator()
        self._min_n_trials = min_n_trials

    def should_terminate(self, study: Study) -> bool:
        trials = study.trials
        if sum(t.state is TrialState.COMPLETE for t in trials) < self._min_n_trials:
            return False
        gain = self._gain.evaluate(trials=trials, study_direction=study.direction)
        error = self._error.evaluate(trials=trials, study_direction=study.direction)
        return gain < error
