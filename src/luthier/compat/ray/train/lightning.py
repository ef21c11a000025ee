"""The callback of functions that train with Lightning, by Ray Train's path."""

from __future__ import annotations

from typing import Any

from .. import train as _train
from ..tune.integration.pytorch_lightning import TuneReportCheckpointCallback


class RayTrainReportCallback(TuneReportCheckpointCallback):
    """Reports what was logged at the end of each epoch, with the trainer's checkpoint."""

    CHECKPOINT_NAME = "checkpoint.ckpt"

    def __init__(self) -> None:
        super().__init__(filename=self.CHECKPOINT_NAME, on="train_epoch_end")


def prepare_trainer(trainer: Any) -> Any:
    """Return the trainer as it is: a trial has one worker."""
    return trainer


def __getattr__(name: str) -> Any:
    return getattr(_train, name)  # which refuses trainers
