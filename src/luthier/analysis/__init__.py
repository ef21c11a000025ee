"""Analysis of results: pure functions of a study's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Choice",
    "Forecast",
    "Recommendation",
    "choose",
    "forecast",
    "recommend",
]

if TYPE_CHECKING:
    from .choice import Choice as Choice
    from .choice import choose as choose
    from .forecast_result import Forecast as Forecast
    from .forecasting import forecast as forecast
    from .recommendation import Recommendation as Recommendation
    from .recommendation import recommend as recommend
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Choice": "choice",
            "Forecast": "forecast_result",
            "Recommendation": "recommendation",
            "choose": "choice",
            "forecast": "forecasting",
            "recommend": "recommendation",
        },
    )
