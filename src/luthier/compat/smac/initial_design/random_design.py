"""The path of RandomInitialDesign."""

from __future__ import annotations

from .abstract_initial_design import RandomInitialDesign

__all__ = ["RandomInitialDesign"]
