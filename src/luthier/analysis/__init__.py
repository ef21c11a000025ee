"""Results of a study, understood: pure functions of its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Choice",
    "Forecast",
    "Recommendation",
]

if TYPE_CHECKING:
    from .choice import Choice as Choice
    from .forecasting import Forecast as Forecast
    from .recommendation import Recommendation as Recommendation
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Choice": "choice",
            "Forecast": "forecasting",
            "Recommendation": "recommendation",
        },
    )
