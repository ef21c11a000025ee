"""Weights & Biases: a run for each trial, written by this process or by the trial itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...tune.callback import LoggerCallback, find_metrics
from ...tune.integration import missing
from ...tune.session import get_context, get_trial_id, get_trial_name
from ...tune.trial import Trial

try:
    import wandb
except ImportError as e:
    raise missing("air.integrations.wandb", "wandb", "wandb") from e

_NOT_PLOTTED = ("done", "should_checkpoint")


def _set_key(key: str | None, file: str | None) -> None:
    if file is not None:
        key = Path(file).expanduser().read_text().strip()
    if key is not None:
        os.environ["WANDB_API_KEY"] = key


class WandbLoggerCallback(LoggerCallback):
    """Writes each trial as a run of Weights & Biases.

    Args:
        project: The project; None for WANDB_PROJECT_NAME.
        group: Group of the runs; None for the name of the trainable.
        api_key_file: File with the key.
        api_key: The key.
        excludes: Metrics and params that are not written.
        log_config: Whether the configuration is in each report as well.
        upload_checkpoints: Whether the latest checkpoint is kept as an artifact.
        settings: Of `wandb.init`.
    """

    def __init__(
        self,
        project: str | None = None,
        group: str | None = None,
        api_key_file: str | None = None,
        api_key: str | None = None,
        excludes: list[str] | None = None,
        log_config: bool = False,
        upload_checkpoints: bool = False,
        **settings: Any,
    ) -> None:
        self._project = project
        self._group = group
        self._key = api_key, api_key_file
        self._excludes = {*(excludes or ()), *_NOT_PLOTTED}
        self._with_config = log_config
        self._saves = settings.pop("save_checkpoints", False) or upload_checkpoints
        self._settings = settings
        self._runs: dict[str, Any] = {}

    def setup(self, *_: Any, **__: Any) -> None:
        """Read the project and the key.

        Raises:
            ValueError: There is no project.
        """
        _set_key(*self._key)
        self._project = self._project or os.environ.get("WANDB_PROJECT_NAME")
        if not self._project:
            raise ValueError("WandbLoggerCallback needs project=, or WANDB_PROJECT_NAME")

    def log_trial_start(self, trial: Trial) -> None:
        """Begin the run of a trial; one that goes on keeps its run."""
        if trial.trial_id in self._runs:
            return
        settings = {
            "id": trial.trial_id,
            "name": str(trial),
            "group": self._group or trial.trainable_name,
            "project": self._project,
            "config": {k: v for k, v in trial.config.items() if k not in self._excludes},
            "reinit": "create_new",
        }
        self._runs[trial.trial_id] = wandb.init(**{**settings, **self._settings})

    def log_trial_result(self, iteration: int, trial: Trial, result: dict[str, Any]) -> None:
        """Write the numbers of a report."""
        numbers = find_metrics(result)
        found: dict[str, Any] = {k: v for k, v in numbers if k.split("/")[0] not in self._excludes}
        if self._with_config:
            found["config"] = dict(trial.config)
        self._runs[trial.trial_id].log(found)

    def log_trial_end(self, trial: Trial, failed: bool = False) -> None:
        """End the run of a trial."""
        run = self._runs.pop(trial.trial_id)
        if self._saves and trial.checkpoint is not None:
            artifact = wandb.Artifact(f"checkpoint_{trial.trial_id}", type="model")
            artifact.add_dir(trial.checkpoint.path)
            run.log_artifact(artifact)
        run.finish(exit_code=int(failed))


def setup_wandb(
    config: dict[str, Any] | None = None,
    api_key: str | None = None,
    api_key_file: str | None = None,
    rank_zero_only: bool = True,
    **settings: Any,
) -> Any:
    """Begin a run of Weights & Biases in a trial, and return it.

    Args:
        config: The configuration.
        api_key: The key.
        api_key_file: File with the key.
        rank_zero_only: It is the same whatever it is: a trial has one worker.
        settings: Of `wandb.init`.
    """
    _set_key(api_key, api_key_file)
    own = {
        "id": get_trial_id(),
        "name": get_trial_name(),
        "group": get_context().get_experiment_name(),
        "config": config,
        "allow_val_change": True,
    }
    return wandb.init(**{**own, **settings})
