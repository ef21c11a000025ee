"""The path of DefaultInitialDesign."""

from __future__ import annotations

from .abstract_initial_design import DefaultInitialDesign

__all__ = ["DefaultInitialDesign"]
