"""Evaluation of models: splits of rows, an objective over folds, honest results, final models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "nest",
    "NestedScore",
    "Look",
    "HoldOut",
    "choose_within_error",
    "compare_all",
    "compare_folds",
    "FoldComparison",
    "promise_best",
    "bbc",
    "Promise",
    "choose_simplest",
    "confirm_leaders",
    "search",
    "SearchResult",
    "Confirmed",
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
    from .bias_corrected import Promise as Promise
    from .bias_corrected import bbc as bbc
    from .bias_corrected import promise_best as promise_best
    from .evaluate import Evaluate as Evaluate
    from .fitted_model import FittedModel as FittedModel
    from .fitted_model import Lineage as Lineage
    from .fold_comparison import FoldComparison as FoldComparison
    from .fold_comparison import choose_within_error as choose_within_error
    from .fold_comparison import compare_all as compare_all
    from .fold_comparison import compare_folds as compare_folds
    from .folds import cross_validate as cross_validate
    from .frozen_splits import freeze_splits as freeze_splits
    from .hold_out import HoldOut as HoldOut
    from .hold_out import Look as Look
    from .metrics import Metric as Metric
    from .nested_plans import NestedFold as NestedFold
    from .nested_plans import plan_nested as plan_nested
    from .nested_search import NestedScore as NestedScore
    from .nested_search import nest as nest
    from .plan_choice import choose_plan as choose_plan
    from .plans import plan_folds as plan_folds
    from .plans import plan_holdout as plan_holdout
    from .refit import fit_all as fit_all
    from .refit import fit_ensemble as fit_ensemble
    from .row_comparison import Comparison as Comparison
    from .row_comparison import compare as compare
    from .row_comparison import compare_models as compare_models
    from .row_labels import find_equal_rows as find_equal_rows
    from .searching import Confirmed as Confirmed
    from .searching import SearchResult as SearchResult
    from .searching import choose_simplest as choose_simplest
    from .searching import confirm_leaders as confirm_leaders
    from .searching import search as search
    from .split_plan import Fold as Fold
    from .split_plan import SplitPlan as SplitPlan
    from .time_plans import plan_time_folds as plan_time_folds
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "nest": "nested_search",
            "NestedScore": "nested_search",
            "Look": "hold_out",
            "HoldOut": "hold_out",
            "choose_within_error": "fold_comparison",
            "compare_all": "fold_comparison",
            "compare_folds": "fold_comparison",
            "FoldComparison": "fold_comparison",
            "promise_best": "bias_corrected",
            "bbc": "bias_corrected",
            "Promise": "bias_corrected",
            "choose_simplest": "searching",
            "confirm_leaders": "searching",
            "search": "searching",
            "SearchResult": "searching",
            "Confirmed": "searching",
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
