"""Trials, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = ["BaseTrial", "FixedTrial", "FrozenTrial", "Trial", "TrialState", "create_trial"]

if TYPE_CHECKING:
    from .base import BaseTrial as BaseTrial
    from .fixed import FixedTrial as FixedTrial
    from .frozen import FrozenTrial as FrozenTrial
    from .frozen import create_trial as create_trial
    from .live import Trial as Trial
    from .state import TrialState as TrialState
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BaseTrial": "base",
            "FixedTrial": "fixed",
            "FrozenTrial": "frozen",
            "create_trial": "frozen",
            "Trial": "live",
            "TrialState": "state",
        },
    )
