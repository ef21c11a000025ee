"""`Callback`s, which see a run from its process, and those that write files."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Iterator
from typing import Any

from .param_space import find_numbers, flatten
from .trial import Trial


class Callback:
    """Called as a run goes on; subclasses override what they want to see."""

    CKPT_FILE_TMPL = ""

    def setup(self, stop: Any = None, num_samples: Any = None, **info: Any) -> None:
        """The run begins."""

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """A result is about to be taken in."""

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """A result has been taken in."""

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A trial begins, or goes on."""

    def on_trial_restore(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A trial goes on from a checkpoint."""

    def on_trial_save(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A trial has saved a checkpoint."""

    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        """A trial has reported."""

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A trial is over."""

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A trial has failed."""

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """A trial that failed goes on."""

    def on_checkpoint(
        self, iteration: int, trials: list[Trial], trial: Trial, checkpoint: Any, **info: Any
    ) -> None:
        """A checkpoint is there."""

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """The run is over."""

    def get_state(self) -> dict[str, Any] | None:
        """Return what is kept of it; nothing."""
        return None

    def set_state(self, state: dict[str, Any]) -> None:
        """Take what was kept of it."""


class LoggerCallback(Callback):
    """A callback by three other names: `log_trial_start`, `log_trial_result`, `log_trial_end`."""

    def log_trial_start(self, trial: Trial) -> None:
        """A trial begins, or goes on."""

    def log_trial_restore(self, trial: Trial) -> None:
        """A trial goes on from a checkpoint."""

    def log_trial_save(self, trial: Trial) -> None:
        """A trial has saved a checkpoint."""

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        """A trial has reported."""

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:
        """A trial is over."""

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        self.log_trial_start(trial)

    def on_trial_save(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        self.log_trial_save(trial)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        self.log_trial_result(iteration, trial, result)

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: Any
    ) -> None:
        self.log_trial_end(trial, failed=False)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        self.log_trial_end(trial, failed=True)


def to_json(value: Any) -> Any:
    """Return what JSON has for a value that it does not know."""
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        return value.item()
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


class JsonLoggerCallback(LoggerCallback):
    """Writes params.json and result.json to the folder of each trial."""

    def log_trial_start(self, trial: Trial) -> None:
        with open(os.path.join(trial.local_path, "params.json"), "w") as file:
            json.dump(trial.config, file, default=to_json, indent=2)

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        with open(os.path.join(trial.local_path, "result.json"), "a") as file:
            file.write(json.dumps(result, default=to_json) + "\n")


class CSVLoggerCallback(LoggerCallback):
    """Writes progress.csv to the folder of each trial, with the columns of its first report."""

    def __init__(self) -> None:
        self._columns: dict[str, list[str]] = {}

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        row = {k: v for k, v in flatten(result).items() if not k.startswith("config/")}
        is_new = trial.trial_id not in self._columns
        columns = self._columns.setdefault(trial.trial_id, list(row))
        with open(os.path.join(trial.local_path, "progress.csv"), "a", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            if is_new and file.tell() == 0:
                writer.writeheader()
            writer.writerow(row)


class TBXLoggerCallback(LoggerCallback):
    """Writes what TensorBoard shows to the folder of each trial, where tensorboard is installed."""

    def __init__(self) -> None:
        self._writers: dict[str, Any] = {}

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        with contextlib.suppress(ImportError):
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.summary_pb2 import Summary
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            writer = self._writers.get(trial.trial_id)
            if writer is None:
                writer = self._writers[trial.trial_id] = EventFileWriter(trial.local_path)
            values = [
                Summary.Value(tag=f"ray/tune/{name}", simple_value=number)
                for name, number in find_metrics(result)
            ]
            step = int(result.get("training_iteration", len(trial.results)))
            when = float(result.get("timestamp", 0))
            writer.add_event(Event(step=step, wall_time=when, summary=Summary(value=values)))

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:
        writer = self._writers.pop(trial.trial_id, None)
        if writer is not None:
            writer.close()


TBXLogger = TBXLoggerCallback


def find_metrics(result: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the numbers of a report that are worth a curve: neither params nor process ids."""
    for name, number in find_numbers(result):
        if not name.startswith("config/") and name not in ("pid", "timestamp"):
            yield name, number


def pretty_print(result: dict[str, Any], exclude: Any = None) -> str:
    """Return a result as text."""
    import yaml

    kept = {k: v for k, v in result.items() if v is not None and k not in (exclude or ())}
    return str(yaml.safe_dump(json.loads(json.dumps(kept, default=to_json))))
