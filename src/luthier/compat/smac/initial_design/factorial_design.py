"""The path of FactorialInitialDesign."""

from __future__ import annotations

from .abstract_initial_design import FactorialInitialDesign

__all__ = ["FactorialInitialDesign"]
