"""A callback of PyTorch Lightning."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.callbacks import Callback

from ..trial.live import Trial
from .pruning import pruned, report


class PyTorchLightningPruningCallback(Callback):  # type: ignore[misc]  # read without Lightning
    """Reports a metric of PyTorch Lightning after each validation.

    Args:
        trial: The trial.
        monitor: The metric, such as "val_loss".
    """

    def __init__(self, trial: Trial, monitor: str) -> None:
        super().__init__()
        self._trial = trial
        self.monitor = monitor
        self._ended_at: int | None = None

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report the metric of an epoch.

        Raises:
            TrialPruned: The pruner ends the trial.
        """
        value = None if trainer.sanity_checking else trainer.callback_metrics.get(self.monitor)
        if value is None:
            return
        epoch = pl_module.current_epoch
        if epoch not in self._trial.record.intermediate_values and report(
            self._trial, float(value), epoch
        ):
            self._ended_at = epoch
            raise pruned(epoch)

    def check_pruned(self) -> None:
        """End the trial where the pruner has ended its training.

        Raises:
            TrialPruned: It has.
        """
        if self._ended_at is not None:
            raise pruned(self._ended_at)
