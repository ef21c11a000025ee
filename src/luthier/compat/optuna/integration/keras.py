"""A callback of Keras."""

from __future__ import annotations

import warnings
from typing import Any

from keras.callbacks import Callback

from ..trial.live import Trial
from .pruning import pruned, report


class KerasPruningCallback(Callback):  # type: ignore[misc]  # read without Keras
    """Reports a metric of Keras after each epoch, for its `callbacks`.

    Args:
        trial: The trial.
        monitor: The metric, such as "val_loss".
        interval: Epochs between two reports.
    """

    def __init__(self, trial: Trial, monitor: str, interval: int = 1) -> None:
        super().__init__()
        self._trial = trial
        self._monitor = monitor
        self._interval = interval

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report the metric of an epoch.

        Raises:
            TrialPruned: The pruner ends the trial.
        """
        if (epoch + 1) % self._interval:
            return
        value = (logs or {}).get(self._monitor)
        if value is None:
            warnings.warn(
                f"The metric '{self._monitor}' is not in the evaluation logs for pruning. Please "
                "make sure you set the correct metric name.",
                stacklevel=2,
            )
            return
        if report(self._trial, value, epoch):
            raise pruned(epoch)
