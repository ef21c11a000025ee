"""The callback of functions that train with LightGBM, by Ray Train's path."""

from __future__ import annotations

from typing import Any

from .. import train as _train
from ..tune.integration.lightgbm import TuneReportCheckpointCallback as RayTrainReportCallback

__all__ = ["RayTrainReportCallback"]


def __getattr__(name: str) -> Any:
    return getattr(_train, name)  # which refuses trainers
