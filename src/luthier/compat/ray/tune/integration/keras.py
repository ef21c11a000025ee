"""Callbacks of Keras, which report its logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import Hooks, Names, choose, missing, read_hooks, report_with

try:
    from keras.callbacks import Callback
except ImportError as e:
    raise missing("tune.integration.keras", "keras", "keras") from e

_STAGES = ("epoch", "train_batch", "test_batch", "predict_batch", "train", "test", "predict")
_HOOKS = {f"{stage}_{edge}" for stage in _STAGES for edge in ("begin", "end")}


def _make_hook(name: str) -> Callable[..., None]:
    def hook(self: Any, *args: Any, logs: Any = None) -> None:
        self.tell(name, (args[-1] if args and isinstance(args[-1], dict) else logs) or {})

    return hook


class ReportCheckpointCallback(Callback):  # type: ignore[misc, unused-ignore]
    """Reports logs, with the model as a checkpoint.

    Args:
        checkpoint_on: Hooks of Keras, without "on_", that come with a checkpoint; [] for none.
        report_metrics_on: Those that come without one.
        metrics: Names of metrics, or own name to name; None for all.
        filename: File of the model in checkpoints.
        frequency: A checkpoint at each so many of its hooks.
    """

    def __init__(
        self,
        checkpoint_on: Hooks = "epoch_end",
        report_metrics_on: Hooks = "epoch_end",
        metrics: Names = None,
        filename: str = "model.keras",
        frequency: int = 1,
    ) -> None:
        super().__init__()
        self._saves_on = read_hooks(checkpoint_on, _HOOKS)
        self._on = self._saves_on | read_hooks(report_metrics_on, _HOOKS)
        self._metrics = metrics
        self._filename = filename if filename.endswith((".keras", ".h5")) else f"{filename}.keras"
        self._frequency = frequency
        self._n = 0

    def tell(self, hook: str, logs: dict[str, Any]) -> None:
        """Report at a hook, where it is one of those chosen."""
        if hook not in self._on:
            return
        metrics = choose(self._metrics, {k: float(v) for k, v in logs.items()})
        self._n += hook in self._saves_on
        is_due = hook in self._saves_on and self._n % max(self._frequency, 1) == 0
        report_with(metrics, (lambda f: self.model.save(f / self._filename)) if is_due else None)


for _name in _HOOKS:
    setattr(ReportCheckpointCallback, f"on_{_name}", _make_hook(_name))


class TuneReportCheckpointCallback(ReportCheckpointCallback):
    """The same, with its arguments as Ray Tune had them before 2.7.

    Args:
        metrics: Names of metrics, or own name to name; None for all.
        filename: File of the model in checkpoints.
        frequency: A checkpoint at each so many of its hooks.
        on: Hooks that come with a checkpoint.
        hooks: `checkpoint_on` and `report_metrics_on`, in place of `on`.
    """

    def __init__(
        self,
        metrics: Names = None,
        filename: str = "checkpoint",
        frequency: int = 1,
        on: Hooks = "epoch_end",
        **hooks: Hooks,
    ) -> None:
        settings: dict[str, Any] = {"checkpoint_on": on, "report_metrics_on": on, **hooks}
        super().__init__(metrics=metrics, filename=filename, frequency=frequency, **settings)


class TuneReportCallback(ReportCheckpointCallback):
    """Reports logs, without checkpoints."""

    def __init__(self, metrics: Names = None, on: Hooks = "epoch_end") -> None:
        super().__init__(checkpoint_on=[], report_metrics_on=on, metrics=metrics)
