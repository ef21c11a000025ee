"""Analysis of results: pure functions of a study's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "AblationPath",
    "Attainment",
    "Axis",
    "Bands",
    "Calibration",
    "Choice",
    "Convergence",
    "Curves",
    "Density",
    "Duplicates",
    "EDF",
    "Effect",
    "Expectation",
    "Explanation",
    "Fan",
    "Finding",
    "Forecast",
    "GoodRegion",
    "HypervolumeCurve",
    "Importance",
    "Improvement",
    "Incumbent",
    "Interaction",
    "Isolation",
    "LimitedAttainment",
    "ModelQuality",
    "Obstacle",
    "PairTest",
    "Parallel",
    "Pareto",
    "Points",
    "Ranks",
    "Recommendation",
    "Resources",
    "Rule",
    "RungAgreement",
    "Slice",
    "Standing",
    "StudyComparison",
    "Surface",
    "Timeline",
    "TuningCurve",
    "Unvalued",
    "ablate",
    "attainment",
    "calibration",
    "choose",
    "compare",
    "contour",
    "convergence",
    "curves",
    "diagnose",
    "duplicates",
    "edf",
    "effects",
    "explain",
    "explain_best",
    "forecast",
    "hypervolume",
    "importance",
    "improvement",
    "incumbent",
    "isolation",
    "limited_attainment",
    "parallel",
    "pareto",
    "rank",
    "rank_correlation",
    "recommend",
    "resources",
    "slices",
    "timeline",
    "tuning_curve",
]

if TYPE_CHECKING:
    from .attained_fronts import Attainment as Attainment
    from .attained_fronts import LimitedAttainment as LimitedAttainment
    from .attained_fronts import attainment as attainment
    from .attained_fronts import limited_attainment as limited_attainment
    from .axes import Axis as Axis
    from .best_by_range import Isolation as Isolation
    from .best_by_range import isolation as isolation
    from .best_so_far import Incumbent as Incumbent
    from .best_so_far import Unvalued as Unvalued
    from .best_so_far import incumbent as incumbent
    from .choice import Choice as Choice
    from .choice import choose as choose
    from .cumulative_shares import EDF as EDF
    from .cumulative_shares import edf as edf
    from .diagnosis import diagnose as diagnose
    from .dominated_volume import HypervolumeCurve as HypervolumeCurve
    from .dominated_volume import hypervolume as hypervolume
    from .expected_best import TuningCurve as TuningCurve
    from .expected_best import tuning_curve as tuning_curve
    from .explanation import Expectation as Expectation
    from .explanation import Explanation as Explanation
    from .explanation import Obstacle as Obstacle
    from .explanation import Standing as Standing
    from .explanation import explain as explain
    from .findings.finding import Finding as Finding
    from .forecast_result import Forecast as Forecast
    from .forecasting import forecast as forecast
    from .front_points import Pareto as Pareto
    from .front_points import pareto as pareto
    from .gain_by_trial import Improvement as Improvement
    from .gain_by_trial import improvement as improvement
    from .good_region import GoodRegion as GoodRegion
    from .good_region import Rule as Rule
    from .good_region import explain_best as explain_best
    from .importances.ablation import AblationPath as AblationPath
    from .importances.ablation import ablate as ablate
    from .importances.ranking import importance as importance
    from .importances.result import Importance as Importance
    from .importances.result import Interaction as Interaction
    from .model_quality import ModelQuality as ModelQuality
    from .one_parameter import Slice as Slice
    from .one_parameter import slices as slices
    from .parallel_lines import Parallel as Parallel
    from .parallel_lines import parallel as parallel
    from .partial_dependence import Effect as Effect
    from .partial_dependence import effects as effects
    from .points import Density as Density
    from .points import Points as Points
    from .recommendation import Recommendation as Recommendation
    from .recommendation import recommend as recommend
    from .remaining_gain import Convergence as Convergence
    from .remaining_gain import convergence as convergence
    from .repeated_points import Duplicates as Duplicates
    from .repeated_points import duplicates as duplicates
    from .reported_curves import Bands as Bands
    from .reported_curves import Curves as Curves
    from .reported_curves import Fan as Fan
    from .reported_curves import curves as curves
    from .resource_use import Resources as Resources
    from .resource_use import resources as resources
    from .rung_agreement import RungAgreement as RungAgreement
    from .rung_agreement import rank_correlation as rank_correlation
    from .study_comparison import PairTest as PairTest
    from .study_comparison import StudyComparison as StudyComparison
    from .study_comparison import compare as compare
    from .surfaces import Surface as Surface
    from .surfaces import contour as contour
    from .surrogate_calibration import Calibration as Calibration
    from .surrogate_calibration import calibration as calibration
    from .value_ranks import Ranks as Ranks
    from .value_ranks import rank as rank
    from .worker_times import Timeline as Timeline
    from .worker_times import timeline as timeline
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Attainment": "attained_fronts",
            "LimitedAttainment": "attained_fronts",
            "importance": "importances.ranking",
            "ablate": "importances.ablation",
            "Interaction": "importances.result",
            "Importance": "importances.result",
            "AblationPath": "importances.ablation",
            "Axis": "axes",
            "Bands": "reported_curves",
            "Calibration": "surrogate_calibration",
            "Choice": "choice",
            "Convergence": "remaining_gain",
            "Curves": "reported_curves",
            "Density": "points",
            "Duplicates": "repeated_points",
            "EDF": "cumulative_shares",
            "Effect": "partial_dependence",
            "Expectation": "explanation",
            "Explanation": "explanation",
            "Fan": "reported_curves",
            "Finding": "findings.finding",
            "Forecast": "forecast_result",
            "GoodRegion": "good_region",
            "HypervolumeCurve": "dominated_volume",
            "Improvement": "gain_by_trial",
            "Incumbent": "best_so_far",
            "Isolation": "best_by_range",
            "PairTest": "study_comparison",
            "Parallel": "parallel_lines",
            "Pareto": "front_points",
            "Points": "points",
            "Ranks": "value_ranks",
            "Recommendation": "recommendation",
            "Resources": "resource_use",
            "Rule": "good_region",
            "RungAgreement": "rung_agreement",
            "Slice": "one_parameter",
            "Standing": "explanation",
            "StudyComparison": "study_comparison",
            "Surface": "surfaces",
            "Timeline": "worker_times",
            "TuningCurve": "expected_best",
            "ModelQuality": "model_quality",
            "Obstacle": "explanation",
            "Unvalued": "best_so_far",
            "attainment": "attained_fronts",
            "calibration": "surrogate_calibration",
            "choose": "choice",
            "compare": "study_comparison",
            "contour": "surfaces",
            "convergence": "remaining_gain",
            "curves": "reported_curves",
            "diagnose": "diagnosis",
            "duplicates": "repeated_points",
            "edf": "cumulative_shares",
            "effects": "partial_dependence",
            "explain": "explanation",
            "explain_best": "good_region",
            "forecast": "forecasting",
            "hypervolume": "dominated_volume",
            "improvement": "gain_by_trial",
            "incumbent": "best_so_far",
            "isolation": "best_by_range",
            "limited_attainment": "attained_fronts",
            "parallel": "parallel_lines",
            "pareto": "front_points",
            "rank": "value_ranks",
            "rank_correlation": "rung_agreement",
            "recommend": "recommendation",
            "resources": "resource_use",
            "slices": "one_parameter",
            "timeline": "worker_times",
            "tuning_curve": "expected_best",
        },
    )
