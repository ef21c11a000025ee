"""What a study could still gain, after each trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..terminator.erroreval import BaseErrorEvaluator, CrossValidationErrorEvaluator
from ..terminator.improvement.evaluator import (
    BaseImprovementEvaluator,
    RegretBoundEvaluator,
    complete_trials,
)
from .picture import Panel, Picture, Series

if TYPE_CHECKING:
    from ..study.search import Study


def terminator_improvement(
    study: Study,
    plot_error: bool = False,
    improvement_evaluator: BaseImprovementEvaluator | None = None,
    error_evaluator: BaseErrorEvaluator | None = None,
    min_n_trials: int = 20,
) -> Picture:
    """How much the study could gain after each complete trial.

    Args:
        study: The study.
        plot_error: Whether the error of values is shown too.
        improvement_evaluator: How much it could gain; None for the regret bound.
        error_evaluator: How wrong values may be; None for that of the folds.
        min_n_trials: Trials before the first that is shown.

    Raises:
        ValueError: There are several objectives.
    """
    if len(study.directions) > 1:
        raise ValueError("This function does not support multi-objective optimization study.")
    gain = improvement_evaluator or RegretBoundEvaluator()
    error = error_evaluator or CrossValidationErrorEvaluator()
    trials = complete_trials(study.get_trials(deepcopy=False))
    counts = range(1, len(trials) + 1)
    numbers = [t.number for t in trials]
    gains = [gain.evaluate(trials[:k], study.direction) for k in counts]
    series = [Series("both", numbers, gains, "Terminator Improvement")] if trials else []
    if plot_error and trials:
        errors = [error.evaluate(trials[:k], study.direction) for k in counts]
        series.append(Series("both", numbers, errors, "Error"))
    return Picture("Terminator Improvement Plot", [[Panel(series, "Trial", "Improvement")]])
