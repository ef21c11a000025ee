"""When a study has done enough, under the names that Optuna gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "BaseErrorEvaluator",
    "BaseImprovementEvaluator",
    "BaseTerminator",
    "BestValueStagnationEvaluator",
    "CrossValidationErrorEvaluator",
    "EMMREvaluator",
    "MedianErrorEvaluator",
    "RegretBoundEvaluator",
    "StaticErrorEvaluator",
    "Terminator",
    "TerminatorCallback",
    "report_cross_validation_scores",
]

if TYPE_CHECKING:
    from .callback import TerminatorCallback as TerminatorCallback
    from .erroreval import BaseErrorEvaluator as BaseErrorEvaluator
    from .erroreval import CrossValidationErrorEvaluator as CrossValidationErrorEvaluator
    from .erroreval import StaticErrorEvaluator as StaticErrorEvaluator
    from .erroreval import report_cross_validation_scores as report_cross_validation_scores
    from .improvement.emmr import EMMREvaluator as EMMREvaluator
    from .improvement.evaluator import BaseImprovementEvaluator as BaseImprovementEvaluator
    from .improvement.evaluator import BestValueStagnationEvaluator as BestValueStagnationEvaluator
    from .improvement.evaluator import RegretBoundEvaluator as RegretBoundEvaluator
    from .median_erroreval import MedianErrorEvaluator as MedianErrorEvaluator
    from .terminator import BaseTerminator as BaseTerminator
    from .terminator import Terminator as Terminator
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "TerminatorCallback": "callback",
            "BaseErrorEvaluator": "erroreval",
            "CrossValidationErrorEvaluator": "erroreval",
            "StaticErrorEvaluator": "erroreval",
            "report_cross_validation_scores": "erroreval",
            "EMMREvaluator": "improvement.emmr",
            "BaseImprovementEvaluator": "improvement.evaluator",
            "BestValueStagnationEvaluator": "improvement.evaluator",
            "RegretBoundEvaluator": "improvement.evaluator",
            "MedianErrorEvaluator": "median_erroreval",
            "BaseTerminator": "terminator",
            "Terminator": "terminator",
        },
    )
