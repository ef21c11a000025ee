"""Callbacks of Lightning, which report what a module logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import Hooks, Names, choose, missing, read_hooks, report_with

try:
    from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback
    except ImportError as e:
        raise missing("tune.integration.pytorch_lightning", "lightning", "lightning") from e

_HOOKS = {name.removeprefix("on_") for name in dir(Callback) if name.startswith("on_")}
# Called with what is read or written, not with the trainer's state alone.
_HOOKS -= {"exception", "save_checkpoint", "load_checkpoint"}


def _make_hook(name: str) -> Callable[..., None]:
    def hook(self: Any, trainer: Any, *_: Any, **__: Any) -> None:
        self.tell(name, trainer)

    return hook


class TuneReportCheckpointCallback(Callback):  # type: ignore[misc, unused-ignore]
    """Reports metrics, with the trainer's checkpoint.

    Args:
        metrics: Names of metrics, or own name to name; None for all.
        filename: File of the checkpoint.
        save_checkpoints: Whether there are checkpoints.
        on: Hooks of Lightning, without "on_".
    """

    def __init__(
        self,
        metrics: Names = None,
        filename: str = "checkpoint",
        save_checkpoints: bool = True,
        on: Hooks = "validation_end",
    ) -> None:
        super().__init__()
        self._metrics = metrics
        self._filename = filename
        self._saves = save_checkpoints
        self._on = read_hooks(on, _HOOKS)

    def tell(self, hook: str, trainer: Any) -> None:
        """Report at a hook, where it is one of those chosen."""
        if hook not in self._on or trainer.sanity_checking:
            return
        found = {k: float(v) for k, v in trainer.callback_metrics.items()}
        if not found:  # nothing was logged so far
            return
        metrics = choose(self._metrics, found)
        save = (
            (lambda folder: trainer.save_checkpoint(folder / self._filename))
            if self._saves
            else None
        )
        report_with(metrics, save)


for _name in _HOOKS:
    setattr(TuneReportCheckpointCallback, f"on_{_name}", _make_hook(_name))


class TuneReportCallback(TuneReportCheckpointCallback):
    """Reports metrics, without checkpoints."""

    def __init__(self, metrics: Names = None, on: Hooks = "validation_end") -> None:
        super().__init__(metrics, save_checkpoints=False, on=on)
