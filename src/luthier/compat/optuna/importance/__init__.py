"""How much parameters matter, under the names that Optuna gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "BaseImportanceEvaluator",
    "FanovaImportanceEvaluator",
    "MeanDecreaseImpurityImportanceEvaluator",
    "PedAnovaImportanceEvaluator",
    "get_param_importances",
]

if TYPE_CHECKING:
    from .base import BaseImportanceEvaluator as BaseImportanceEvaluator
    from .fanova import FanovaImportanceEvaluator as FanovaImportanceEvaluator
    from .mean_decrease import (
        MeanDecreaseImpurityImportanceEvaluator as MeanDecreaseImpurityImportanceEvaluator,
    )
    from .ped_anova import PedAnovaImportanceEvaluator as PedAnovaImportanceEvaluator
    from .ranking import get_param_importances as get_param_importances
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BaseImportanceEvaluator": "base",
            "FanovaImportanceEvaluator": "fanova",
            "MeanDecreaseImpurityImportanceEvaluator": "mean_decrease",
            "PedAnovaImportanceEvaluator": "ped_anova",
            "get_param_importances": "ranking",
        },
    )
