"""Pruners, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "BasePruner",
    "HyperbandPruner",
    "MedianPruner",
    "NopPruner",
    "PatientPruner",
    "PercentilePruner",
    "SuccessiveHalvingPruner",
    "ThresholdPruner",
    "WilcoxonPruner",
]

if TYPE_CHECKING:
    from .base import BasePruner as BasePruner
    from .halving import HyperbandPruner as HyperbandPruner
    from .halving import SuccessiveHalvingPruner as SuccessiveHalvingPruner
    from .nop import NopPruner as NopPruner
    from .patient import PatientPruner as PatientPruner
    from .percentile import MedianPruner as MedianPruner
    from .percentile import PercentilePruner as PercentilePruner
    from .threshold import ThresholdPruner as ThresholdPruner
    from .wilcoxon import WilcoxonPruner as WilcoxonPruner
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BasePruner": "base",
            "HyperbandPruner": "halving",
            "SuccessiveHalvingPruner": "halving",
            "NopPruner": "nop",
            "PatientPruner": "patient",
            "MedianPruner": "percentile",
            "PercentilePruner": "percentile",
            "ThresholdPruner": "threshold",
            "WilcoxonPruner": "wilcoxon",
        },
    )
