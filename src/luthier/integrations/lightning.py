"""Lightning: a callback that reports epochs to a trial, and ends hopeless ones."""

from __future__ import annotations

from typing import Any

from ..errors import TrialPruned, explain_missing
from ..trial.handle import Trial
from .ranks import SharedTrial
from .ranks import optimize_together as optimize_together
from .rounds import Measured, Rounds, check_origin, name_origin

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:
    try:
        from pytorch_lightning.callbacks import Callback
    except ImportError as e:
        raise explain_missing("luthier.integrations.lightning", "Lightning", "lightning") from e


class Report(Callback):  # type: ignore[misc]  # read without Lightning
    """Callback of Lightning: reports a metric after each validation, or epoch where there is none.

    The step is the number of epochs; of several validations in an epoch the last counts. Where the
    scheduler ends the trial, the trainer stops after the epoch, on all devices: call
    `report.check()` after `trainer.fit`, which raises TrialPruned.

    A trial goes on from its last checkpoint with `trainer.fit(..., ckpt_path=trial.checkpoint)`.

    With several processes only the first reports. Strategy "ddp" starts the script once for each:
    run the study by `luthier.integrations.lightning.optimize_together`.

    Args:
        trial: The trial.
        metric: What the module logs, such as "val_loss"; None where only one metric is logged.
        every: Of how many epochs one is reported; the scheduler is asked each time.
        prune: Whether the trial ends where the scheduler says so.
        checkpoint_every: After how many epochs the trainer's state is saved, to go on from; None
            for never.

    Raises:
        ValueError: `every` or `checkpoint_every` is no whole number above 0.
        ReportError (while Lightning trains): There is no such metric.
        CheckpointError (while Lightning trains): The checkpoint is another trial's, or params have
            changed since, as in `PBT`.
    """

    def __init__(
        self,
        trial: Trial,
        metric: str | None = None,
        every: int = 1,
        prune: bool = True,
        checkpoint_every: int | None = None,
    ) -> None:
        super().__init__()
        self._shared = SharedTrial(trial)
        self._settings = metric, every, prune, checkpoint_every
        self._rounds = Rounds(trial, *self._settings)
        self._is_stopped = False

    def __getstate__(self) -> dict[str, Any]:
        return {"shared": self._shared, "settings": self._settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self._shared = state["shared"]
        self._settings = state["settings"]
        self._rounds = Rounds(self._shared.trial, *self._settings)
        self._is_stopped = False

    @property
    def value(self) -> float:
        """What was reported last, for the objective to return; NaN before.

        Known also where a trial goes on after its last epoch, so that none is left.
        """
        there = self._shared.value  # of the processes that "ddp_spawn" has started
        return self._rounds.value if there is None else there

    def state_dict(self) -> dict[str, Any]:
        """Return what is saved with the trainer's state; Lightning calls this."""
        return {"value": self._rounds.value, "origin": name_origin(self._rounds.trial)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put back what was saved; Lightning calls this."""
        check_origin(self._rounds.trial, state_dict["origin"], "Lightning")
        self._rounds.value = state_dict["value"]

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Take an epoch in; Lightning calls this in all processes."""
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._take(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Take an epoch in where there is no validation; Lightning calls this in all processes."""
        if not trainer.enable_validation:
            self._take(trainer)

    def _take(self, trainer: Any) -> None:
        step = trainer.current_epoch + 1
        measured = {name: Measured(float(x)) for name, x in trainer.callback_metrics.items()}
        is_stopped = False
        try:
            self._rounds.take(
                measured,
                step,
                lambda path: _save_together(trainer, path),
                is_first=trainer.global_rank == 0,
            )
        except TrialPruned:
            is_stopped = True
        if trainer.strategy.broadcast(is_stopped):
            self._is_stopped = True
            trainer.should_stop = True

    def check(self) -> None:
        """Raise TrialPruned if the scheduler has ended the training; for after `trainer.fit`."""
        try:
            self._shared.check()
        finally:
            self._shared.close()
        if self._is_stopped:
            raise TrialPruned

    def __deepcopy__(self, memo: Any) -> Report:
        """Return the same: the trial is one."""
        return self


def _save_together(trainer: Any, path: str) -> None:
    """Save the trainer's state, for which it needs all processes, where the first one says."""
    trainer.save_checkpoint(trainer.strategy.broadcast(path))
