"""Ray Train's words, as far as functions that are tuned use them."""

from __future__ import annotations

from typing import Any

from ...remarks import refuse
from ..tune import module_paths as _paths
from ..tune.checkpoint import Checkpoint
from ..tune.results import Result
from ..tune.session import Context as TrainContext
from ..tune.session import get_checkpoint, get_context, report
from ..tune.settings import (
    CheckpointConfig,
    FailureConfig,
    RunConfig,
    ScalingConfig,
    SyncConfig,
)

__all__ = [
    "Checkpoint",
    "CheckpointConfig",
    "FailureConfig",
    "Result",
    "RunConfig",
    "ScalingConfig",
    "SyncConfig",
    "TrainContext",
    "get_checkpoint",
    "get_context",
    "report",
]


_NEED_RAY = ("data_parallel_trainer", "horovod", "huggingface", "tensorflow", "torch", "v2")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise refuse(f"ray.train.{name}", "Training on several workers needs Ray itself.")


_paths.add_modules({f"train.{name}": {"__getattr__": __getattr__} for name in _NEED_RAY})
