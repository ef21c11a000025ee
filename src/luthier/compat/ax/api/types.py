"""Types of Ax's second interface."""

from __future__ import annotations

from ..core.types import TOutcome, TParameterization, TParameterValue

__all__ = ["TOutcome", "TParameterValue", "TParameterization"]
