"""Models that are fitted to a history: the surrogate, and learning curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach

__all__ = [
    "Columns",
    "Curves",
    "Surrogate",
]

if TYPE_CHECKING:
    from .learning_curves import Curves as Curves
    from .surrogate import Columns as Columns
    from .surrogate import Surrogate as Surrogate
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Columns": "surrogate",
            "Curves": "learning_curves",
            "Surrogate": "surrogate",
        },
    )
