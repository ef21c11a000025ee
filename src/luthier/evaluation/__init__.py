"""Evaluation of models: splits of rows, folds inside a trial, comparison on a hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "fit_ensemble",
    "fit_all",
    "Lineage",
    "FittedModel",
    "Metric",
    "Evaluate",
    "Comparison",
    "Fold",
    "NestedFold",
    "SplitPlan",
    "choose_plan",
    "compare",
    "compare_models",
    "cross_validate",
    "find_equal_rows",
    "freeze_splits",
    "plan_folds",
    "plan_holdout",
    "plan_nested",
    "plan_time_folds",
]

if TYPE_CHECKING:
    from .evaluate import Evaluate as Evaluate
    from .fitted_model import FittedModel as FittedModel
    from .fitted_model import Lineage as Lineage
    from .folds import cross_validate as cross_validate
    from .frozen_splits import freeze_splits as freeze_splits
    from .metrics import Metric as Metric
    from .nested_plans import NestedFold as NestedFold
    from .nested_plans import plan_nested as plan_nested
    from .plan_choice import choose_plan as choose_plan
    from .plans import plan_folds as plan_folds
    from .plans import plan_holdout as plan_holdout
    from .refit import fit_all as fit_all
    from .refit import fit_ensemble as fit_ensemble
    from .row_comparison import Comparison as Comparison
    from .row_comparison import compare as compare
    from .row_comparison import compare_models as compare_models
    from .row_labels import find_equal_rows as find_equal_rows
    from .split_plan import Fold as Fold
    from .split_plan import SplitPlan as SplitPlan
    from .time_plans import plan_time_folds as plan_time_folds
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "fit_ensemble": "refit",
            "fit_all": "refit",
            "Lineage": "fitted_model",
            "FittedModel": "fitted_model",
            "Metric": "metrics",
            "Evaluate": "evaluate",
            "Comparison": "row_comparison",
            "Fold": "split_plan",
            "NestedFold": "nested_plans",
            "SplitPlan": "split_plan",
            "choose_plan": "plan_choice",
            "compare": "row_comparison",
            "compare_models": "row_comparison",
            "cross_validate": "folds",
            "find_equal_rows": "row_labels",
            "freeze_splits": "frozen_splits",
            "plan_folds": "plans",
            "plan_holdout": "plans",
            "plan_nested": "nested_plans",
            "plan_time_folds": "time_plans",
        },
    )
