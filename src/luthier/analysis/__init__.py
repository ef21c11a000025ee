"""Analysis of results: pure functions of a study's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Axis",
    "Choice",
    "Density",
    "EDF",
    "Finding",
    "Forecast",
    "Incumbent",
    "Isolation",
    "Parallel",
    "Points",
    "Ranks",
    "Recommendation",
    "Slice",
    "Timeline",
    "choose",
    "diagnose",
    "edf",
    "forecast",
    "incumbent",
    "isolation",
    "parallel",
    "rank",
    "recommend",
    "slices",
    "timeline",
]

if TYPE_CHECKING:
    from .axes import Axis as Axis
    from .best_by_range import Isolation as Isolation
    from .best_by_range import isolation as isolation
    from .best_so_far import Incumbent as Incumbent
    from .best_so_far import incumbent as incumbent
    from .choice import Choice as Choice
    from .choice import choose as choose
    from .cumulative_shares import EDF as EDF
    from .cumulative_shares import edf as edf
    from .diagnosis import diagnose as diagnose
    from .findings.finding import Finding as Finding
    from .forecast_result import Forecast as Forecast
    from .forecasting import forecast as forecast
    from .one_parameter import Slice as Slice
    from .one_parameter import slices as slices
    from .parallel_lines import Parallel as Parallel
    from .parallel_lines import parallel as parallel
    from .points import Density as Density
    from .points import Points as Points
    from .recommendation import Recommendation as Recommendation
    from .recommendation import recommend as recommend
    from .value_ranks import Ranks as Ranks
    from .value_ranks import rank as rank
    from .worker_times import Timeline as Timeline
    from .worker_times import timeline as timeline
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Axis": "axes",
            "Choice": "choice",
            "Density": "points",
            "EDF": "cumulative_shares",
            "Finding": "findings.finding",
            "Forecast": "forecast_result",
            "Incumbent": "best_so_far",
            "Isolation": "best_by_range",
            "Parallel": "parallel_lines",
            "Points": "points",
            "Ranks": "value_ranks",
            "Recommendation": "recommendation",
            "Slice": "one_parameter",
            "Timeline": "worker_times",
            "choose": "choice",
            "diagnose": "diagnosis",
            "edf": "cumulative_shares",
            "forecast": "forecasting",
            "incumbent": "best_so_far",
            "isolation": "best_by_range",
            "parallel": "parallel_lines",
            "rank": "value_ranks",
            "recommend": "recommendation",
            "slices": "one_parameter",
            "timeline": "worker_times",
        },
    )
