"""The first configurations."""

from __future__ import annotations

from .abstract_initial_design import (
    AbstractInitialDesign,
    DefaultInitialDesign,
    FactorialInitialDesign,
    LatinHypercubeInitialDesign,
    RandomInitialDesign,
    SobolInitialDesign,
)

__all__ = [
    "AbstractInitialDesign",
    "DefaultInitialDesign",
    "FactorialInitialDesign",
    "LatinHypercubeInitialDesign",
    "RandomInitialDesign",
    "SobolInitialDesign",
]
