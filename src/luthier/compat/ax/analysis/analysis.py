"""The base of analyses."""

from __future__ import annotations

from .overview import NOT_READY as NOT_APPLICABLE_STATE_SUBTITLE
from .overview import Analysis, Card

AnalysisCard = AnalysisCardBase = Card

__all__ = ["NOT_APPLICABLE_STATE_SUBTITLE", "Analysis", "AnalysisCard", "AnalysisCardBase"]
