"""Hugging Face Transformers: a callback that reports evaluations, and an objective of a trainer."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import TrialPruned, explain_missing
from ..trial.handle import Trial
from .pytorch import rank, share_decision
from .rounds import Measured, Rounds, check_origin, name_origin

try:
    import torch
    from transformers import TrainerCallback
except ImportError as e:
    raise explain_missing(
        "luthier.integrations.transformers", "Transformers", "transformers"
    ) from e

_ORIGIN = "luthier.txt"  # the file that says whose checkpoint it is

# What a trainer adds to the metrics of an evaluation.
_NO_METRICS = ("_runtime", "_samples_per_second", "_steps_per_second", "_preparation_time")


class Report(TrainerCallback):  # type: ignore[misc]  # read without Transformers
    """Callback of a trainer: reports a metric after each evaluation in training.

    The step is the number of epochs, which may be a fraction. Of several data sets one has the
    metric: the trainer calls it "eval_<data set>_loss". Where the trainer saves at the same moment,
    the checkpoint is kept with the report, to go on from by
    `trainer.train(resume_from_checkpoint=report.checkpoint)`. Where the scheduler ends the trial,
    training stops: call `report.check()` after `train`, which raises TrialPruned. Among processes
    that train together the first reports, and all stop at the same moment.

    Args:
        trial: The trial.
        metric: As the trainer logs it, such as "eval_loss" or "eval_accuracy".
        prune: Whether the trial ends where the scheduler says so.

    Raises (while the trainer trains):
        ReportError: There is no such metric, or it is a loss and the study is to maximize.
    """

    def __init__(self, trial: Trial, metric: str = "eval_loss", prune: bool = True) -> None:
        self.trial = trial
        self._rounds = Rounds(trial, metric, 1, prune, None)
        self._measured: dict[str, Measured] = {}  # since the last step
        self._is_training = False
        self._is_stopped = False
        self._waits = False  # whether a value waits for what the trainer is about to save

    @property
    def value(self) -> float:
        """What was reported last, for the objective to return; NaN before.

        Known also where a trial goes on after its last epoch, so that none is left.
        """
        return self._rounds.value

    @property
    def checkpoint(self) -> str | None:
        """The folder to go on from; None where the trial starts afresh.

        Raises:
            CheckpointError: It is another trial's, or params have changed since, as in `PBT`.
        """
        found = self.trial.checkpoint
        if found is None:
            return None
        origin = Path(found, _ORIGIN)
        text = origin.read_text(encoding="utf-8") if origin.exists() else ""
        check_origin(self.trial, text, "Transformers")
        return str(found)

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Note what was measured before a pause or crash; the trainer calls this."""
        self._is_training = True
        for entry in state.log_history:
            self._rounds.value = float(entry.get(self._rounds.metric, self._rounds.value))

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **more: Any
    ) -> None:
        """Take an evaluation in; the trainer calls this once for each data set."""
        if not self._is_training:  # the user's own
            return
        measured = {
            name: Measured(float(value), False if name.endswith("_loss") else None)
            for name, value in (metrics or {}).items()
            if name != "epoch" and not name.endswith(_NO_METRICS)
        }
        self._measured |= measured
        if self._rounds.metric not in measured:
            return
        self._rounds.pick(measured)
        self._waits = True
        if not control.should_save:
            self._report(state, control, None)

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Report with what the trainer has saved; the trainer calls this."""
        if self._waits:
            self._report(state, control, Path(args.output_dir, f"checkpoint-{state.global_step}"))

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Refuse a metric that no data set had; the trainer calls this."""
        if self._measured:
            measured, self._measured = self._measured, {}
            self._rounds.pick(measured)

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Report what is left; the trainer calls this."""
        self.on_step_begin(args, state, control)
        if self._waits:
            self._report(state, control, None)
        self._is_training = False

    def _report(self, state: Any, control: Any, folder: Path | None) -> None:
        self._waits = False
        is_stopped = False
        if rank() == 0:
            if folder is not None:
                Path(folder, _ORIGIN).write_text(name_origin(self.trial), encoding="utf-8")
            self.trial.report(self.value, float(state.epoch), checkpoint=folder)
            is_stopped = self._rounds.prune and self.trial.should_stop()
        if share_decision(is_stopped):
            self._is_stopped = True
            control.should_training_stop = True

    def check(self) -> None:
        """Raise TrialPruned if the scheduler has ended the training; for after `trainer.train`."""
        if self._is_stopped:
            raise TrialPruned

    def __deepcopy__(self, memo: Any) -> Report:
        """Return the same: the trial is one."""
        return self


class Train:
    """An objective: makes a trainer, trains and lets go of the memory that it held.

    It stands where `Trainer.hyperparameter_search` stands, which takes no other searches than those
    that Transformers knows.

    Args:
        make_trainer: Makes a new trainer, with its model, for a trial.
        metric: As the trainer logs it, such as "eval_loss" or "eval_accuracy".
        prune: Whether trials end where the scheduler says so.

    Raises (when called):
        TrialPruned: The scheduler ends the trial, or its turn.
        ReportError: There is no such metric, or it is a loss and the study is to maximize.
    """

    def __init__(
        self, make_trainer: Callable[[Trial], Any], metric: str = "eval_loss", prune: bool = True
    ) -> None:
        self.make_trainer = make_trainer
        self.metric = metric
        self.prune = prune

    def __call__(self, trial: Trial) -> float:
        """Run a trial; see `luthier.create_study`."""
        report = Report(trial, self.metric, self.prune)
        trainer = self.make_trainer(trial)
        try:
            trainer.add_callback(report)
            trainer.train(resume_from_checkpoint=report.checkpoint)
            report.check()
            return report.value
        finally:
            del trainer
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
