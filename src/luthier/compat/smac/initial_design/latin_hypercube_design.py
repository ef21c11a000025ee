"""The path of LatinHypercubeInitialDesign."""

from __future__ import annotations

from .abstract_initial_design import LatinHypercubeInitialDesign

__all__ = ["LatinHypercubeInitialDesign"]
