"""Evaluation of models: cross-validation that reports as it goes, comparison on a hold-out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .compare import Comparison, compare, compare_models
from .folds import cross_validate

__all__ = ["Comparison", "compare", "compare_models", "cross_validate"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
