"""Callbacks and searches for other libraries, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "CatBoostPruningCallback",
    "DaskStorage",
    "KerasPruningCallback",
    "LightGBMPruningCallback",
    "LightGBMTuner",
    "LightGBMTunerCV",
    "MLflowCallback",
    "OptunaSearchCV",
    "PyTorchLightningPruningCallback",
    "WeightsAndBiasesCallback",
    "XGBoostPruningCallback",
]

if TYPE_CHECKING:
    from .keras import KerasPruningCallback as KerasPruningCallback
    from .lightning import PyTorchLightningPruningCallback as PyTorchLightningPruningCallback
    from .pruning import CatBoostPruningCallback as CatBoostPruningCallback
    from .pruning import LightGBMPruningCallback as LightGBMPruningCallback
    from .refused import DaskStorage as DaskStorage
    from .refused import LightGBMTuner as LightGBMTuner
    from .refused import LightGBMTunerCV as LightGBMTunerCV
    from .refused import MLflowCallback as MLflowCallback
    from .refused import WeightsAndBiasesCallback as WeightsAndBiasesCallback
    from .sklearn import OptunaSearchCV as OptunaSearchCV
    from .xgboost import XGBoostPruningCallback as XGBoostPruningCallback
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "KerasPruningCallback": "keras",
            "PyTorchLightningPruningCallback": "lightning",
            "CatBoostPruningCallback": "pruning",
            "LightGBMPruningCallback": "pruning",
            "DaskStorage": "refused",
            "LightGBMTuner": "refused",
            "LightGBMTunerCV": "refused",
            "MLflowCallback": "refused",
            "WeightsAndBiasesCallback": "refused",
            "OptunaSearchCV": "sklearn",
            "XGBoostPruningCallback": "xgboost",
        },
        {
            "KerasPruningCallback": "keras",
            "OptunaSearchCV": "sklearn",
            "PyTorchLightningPruningCallback": "lightning",
            "XGBoostPruningCallback": "xgboost",
        },
    )
