"""Callbacks and searches for other libraries, under the names that Optuna gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._lazy import attach

__all__ = [
    "BoTorchSampler",
    "CatBoostPruningCallback",
    "DaskStorage",
    "FastAIPruningCallback",
    "KerasPruningCallback",
    "LightGBMPruningCallback",
    "LightGBMTuner",
    "LightGBMTunerCV",
    "MLflowCallback",
    "OptunaSearchCV",
    "PyCmaSampler",
    "PyTorchLightningPruningCallback",
    "ShapleyImportanceEvaluator",
    "SkorchPruningCallback",
    "TFKerasPruningCallback",
    "TensorBoardCallback",
    "TorchDistributedTrial",
    "WeightsAndBiasesCallback",
    "XGBoostPruningCallback",
]

_MODULES = dict.fromkeys(
    ("catboost", "dask", "keras", "lightgbm", "pytorch_lightning", "sklearn", "xgboost"), ""
)

if TYPE_CHECKING:
    from .catboost import CatBoostPruningCallback as CatBoostPruningCallback
    from .dask import DaskStorage as DaskStorage
    from .keras import KerasPruningCallback as KerasPruningCallback
    from .lightgbm import LightGBMPruningCallback as LightGBMPruningCallback
    from .lightgbm import LightGBMTuner as LightGBMTuner
    from .lightgbm import LightGBMTunerCV as LightGBMTunerCV
    from .pytorch_lightning import (
        PyTorchLightningPruningCallback as PyTorchLightningPruningCallback,
    )
    from .refused import BoTorchSampler as BoTorchSampler
    from .refused import FastAIPruningCallback as FastAIPruningCallback
    from .refused import MLflowCallback as MLflowCallback
    from .refused import PyCmaSampler as PyCmaSampler
    from .refused import ShapleyImportanceEvaluator as ShapleyImportanceEvaluator
    from .refused import SkorchPruningCallback as SkorchPruningCallback
    from .refused import TensorBoardCallback as TensorBoardCallback
    from .refused import TFKerasPruningCallback as TFKerasPruningCallback
    from .refused import TorchDistributedTrial as TorchDistributedTrial
    from .refused import WeightsAndBiasesCallback as WeightsAndBiasesCallback
    from .sklearn import OptunaSearchCV as OptunaSearchCV
    from .xgboost import XGBoostPruningCallback as XGBoostPruningCallback
else:
    _load_module, _ = attach(__name__, _MODULES)  # as `integration.lightgbm`
    _load, __dir__ = attach(
        __name__,
        {
            "CatBoostPruningCallback": "catboost",
            "KerasPruningCallback": "keras",
            "LightGBMPruningCallback": "lightgbm",
            "LightGBMTuner": "lightgbm",
            "LightGBMTunerCV": "lightgbm",
            "PyTorchLightningPruningCallback": "pytorch_lightning",
            "BoTorchSampler": "refused",
            "DaskStorage": "dask",
            "FastAIPruningCallback": "refused",
            "MLflowCallback": "refused",
            "PyCmaSampler": "refused",
            "ShapleyImportanceEvaluator": "refused",
            "SkorchPruningCallback": "refused",
            "TFKerasPruningCallback": "refused",
            "TensorBoardCallback": "refused",
            "TorchDistributedTrial": "refused",
            "WeightsAndBiasesCallback": "refused",
            "OptunaSearchCV": "sklearn",
            "XGBoostPruningCallback": "xgboost",
        },
        {
            "DaskStorage": "dask",
            "KerasPruningCallback": "keras",
            "LightGBMPruningCallback": "lightgbm",
            "LightGBMTuner": "lightgbm",
            "LightGBMTunerCV": "lightgbm",
            "OptunaSearchCV": "sklearn",
            "PyTorchLightningPruningCallback": "lightning",
            "XGBoostPruningCallback": "xgboost",
        },
    )

    def __getattr__(name: str) -> object:
        """Return a name of `__all__`, or a module."""
        return (_load_module if name in _MODULES else _load)(name)
