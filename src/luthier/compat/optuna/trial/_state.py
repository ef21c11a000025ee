"""The path at which some of Optuna's examples import this."""

from __future__ import annotations

from .state import TrialState

__all__ = ["TrialState"]
