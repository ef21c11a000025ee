"""Keras 3: a callback that reports epochs to a trial, and ends hopeless ones."""

from __future__ import annotations

from typing import Any

from ..errors import CheckpointError, TrialPruned, explain_missing
from ..trial.handle import Trial
from .rounds import Measured, Rounds, is_own, name_origin

try:
    from keras import ops
    from keras.callbacks import Callback
except ImportError as e:
    raise explain_missing("luthier.integrations.keras", "Keras 3", "keras") from e


class Report(Callback):  # type: ignore[misc]  # read without Keras
    """Callback of Keras: reports a metric after each epoch.

    It goes into `callbacks` of `model.fit`. Where the scheduler ends the trial, training stops
    after the epoch: call `report.check()` after `fit`, which raises TrialPruned.

    A trial goes on from its last checkpoint with `model.fit(..., initial_epoch=int(trial.step))`:
    the weights, the state of the optimizer and the random numbers of layers with a seed are put
    back as the training begins. Where the checkpoint is another trial's, or params have changed, as
    in `PBT`, the learning rate stays as the optimizer was made.

    Args:
        trial: The trial.
        metric: As in the logs of Keras, such as "val_loss"; None where only one is logged.
        every: Of how many epochs one is reported; the scheduler is asked each time.
        prune: Whether the trial ends where the scheduler says so.
        checkpoint_every: After how many epochs the model is saved, to go on from; None for never.

    Raises:
        ValueError: `every` or `checkpoint_every` is no whole number above 0.
        ReportError (while Keras trains): There is no such metric.
        CheckpointError (while Keras trains): The checkpoint is of another model.
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
        self.trial = trial
        self._rounds = Rounds(trial, metric, every, prune, checkpoint_every)
        self._is_stopped = False

    @property
    def value(self) -> float:
        """What was reported last, for the objective to return; NaN before.

        Known also where a trial goes on after its last epoch, so that none is left.
        """
        return self._rounds.value

    def on_train_begin(self, logs: Any = None) -> None:
        """Put back what the trial goes on from; Keras calls this."""
        if self.trial.checkpoint is not None:
            self._load(self.trial.checkpoint)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Take an epoch in; Keras calls this."""
        measured = {
            name: Measured(float(value), _is_maximized(name))
            for name, value in (logs or {}).items()
        }
        try:
            self._rounds.take(measured, epoch + 1, make_checkpoint=self._save)
        except TrialPruned:
            self._is_stopped = True
            self.model.stop_training = True

    def check(self) -> None:
        """Raise TrialPruned if the scheduler has ended the training; for after `model.fit`."""
        if self._is_stopped:
            raise TrialPruned

    def _save(self) -> dict[str, Any]:
        """Return what the trial can go on from: arrays, by their place in the model."""
        return {
            "model": [ops.convert_to_numpy(v) for v in self._list_variables()],
            "optimizer": [ops.convert_to_numpy(v) for v in self.model.optimizer.variables],
            "value": self._rounds.value,
            "origin": name_origin(self.trial),
        }

    def _load(self, checkpoint: Any) -> None:
        """Put back what `_save` returned.

        Raises:
            CheckpointError: It is of another model, or of something else.
        """
        if not isinstance(checkpoint, dict) or not checkpoint.keys() >= {"model", "optimizer"}:
            raise CheckpointError("the checkpoint was not saved by the callback of Keras")
        optimizer = self.model.optimizer
        optimizer.build(self.model.trainable_variables)
        self._rounds.value = checkpoint["value"]
        goes_on = is_own(self.trial, checkpoint["origin"])
        pairs = [(self._list_variables(), checkpoint["model"])]
        pairs.append((optimizer.variables, checkpoint["optimizer"]))
        for variables, arrays in pairs:
            ours, theirs = [tuple(v.shape) for v in variables], [a.shape for a in arrays]
            if ours != theirs:
                raise CheckpointError(
                    f"the checkpoint is of another model: it holds arrays of shapes {theirs!s:.200}"
                    f", and the model has {ours!s:.200}"
                )
            for variable, array in zip(variables, arrays, strict=True):
                if goes_on or variable is not optimizer.learning_rate:
                    variable.assign(array)

    def _list_variables(self) -> list[Any]:
        """Return weights and states of random numbers, without the sums of metrics."""
        metrics = {id(v) for v in self.model.metrics_variables}
        return [v for v in self.model.variables if id(v) not in metrics]

    def __deepcopy__(self, memo: Any) -> Report:
        """Return the same: the trial is one."""
        return self


def _is_maximized(name: str) -> bool | None:
    """Whether larger values of a metric are better; None where the name does not tell."""
    return False if name in ("loss", "val_loss") else None
