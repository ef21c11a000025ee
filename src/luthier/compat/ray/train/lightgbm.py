"""The callback of functions that train with LightGBM, by Ray Train's path."""

from __future__ import annotations

from ..tune.integration.lightgbm import TuneReportCheckpointCallback as RayTrainReportCallback

__all__ = ["RayTrainReportCallback"]
