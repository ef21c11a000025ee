"""How good a model is: cross-validation that reports as it goes, and an honest comparison on a hold-out."""

from __future__ import annotations

from .compare import Comparison, compare, compare_models
from .folds import cross_validate

__all__ = ["Comparison", "compare", "compare_models", "cross_validate"]
