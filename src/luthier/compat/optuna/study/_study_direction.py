"""The path at which some of Optuna's examples import this."""

from __future__ import annotations

from .direction import StudyDirection

__all__ = ["StudyDirection"]
