"""The path of SobolInitialDesign."""

from __future__ import annotations

from .abstract_initial_design import SobolInitialDesign

__all__ = ["SobolInitialDesign"]
