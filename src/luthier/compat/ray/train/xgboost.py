"""The callback of functions that train with XGBoost, by Ray Train's path."""

from __future__ import annotations

from ..tune.integration.xgboost import TuneReportCheckpointCallback as RayTrainReportCallback

__all__ = ["RayTrainReportCallback"]
