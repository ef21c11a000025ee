"""Ray AIR's words, as Ray 2.0 to 2.6 had them."""

from __future__ import annotations

from ..tune import module_paths as _paths
from ..tune.checkpoint import Checkpoint
from ..tune.results import Result
from ..tune.settings import (
    CheckpointConfig,
    FailureConfig,
    RunConfig,
    ScalingConfig,
    SyncConfig,
)
from . import session

__all__ = [
    "Checkpoint",
    "CheckpointConfig",
    "FailureConfig",
    "Result",
    "RunConfig",
    "ScalingConfig",
    "SyncConfig",
    "session",
]

_CONFIGS = (CheckpointConfig, FailureConfig, RunConfig, ScalingConfig, SyncConfig)
_paths.add_module("air.config", {kind.__name__: kind for kind in _CONFIGS})
_paths.add_module("air.checkpoint", {"Checkpoint": Checkpoint})
_paths.add_module("air.result", {"Result": Result})
