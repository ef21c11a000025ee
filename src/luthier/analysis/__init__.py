"""Results of a study, understood: pure functions of its history."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_FILES = {
    "Choice": "choice",
    "Forecast": "forecasting",
    "Recommendation": "recommendation",
}

__all__ = ["Choice", "Forecast", "Recommendation"]

if TYPE_CHECKING:
    from .choice import Choice as Choice
    from .forecasting import Forecast as Forecast
    from .recommendation import Recommendation as Recommendation


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"luthier.analysis has no {name!r}; there are {', '.join(_FILES)}")
    return getattr(importlib.import_module(f".{_FILES[name]}", __name__), name)
