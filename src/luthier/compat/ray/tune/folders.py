"""The folder of a run: one folder for each trial, with what can be read and gone on from."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import CompatError
from .callback import to_json
from .checkpoint import Checkpoint
from .param_space import flatten
from .settings import CheckpointConfig
from .trial import ERROR, Trial

_RUN = "experiment.json"
_TRIAL = "trial.json"


def make_run_folder(storage: Any, name: str | None, trainable: str) -> Path:
    """Make the folder of a run; of a name that is left out one with the time.

    Args:
        storage: Folder of runs; None for ~/ray_results, or RAY_AIR_LOCAL_CACHE_DIR.
        name: Name of the run.
        trainable: Name of what is tuned.
    """
    default = os.environ.get("RAY_AIR_LOCAL_CACHE_DIR") or os.environ.get("TUNE_RESULT_DIR")
    root = Path(storage or default or "~/ray_results").expanduser().absolute()
    now = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = root / (name or f"{trainable}_{now}")
    n = 1
    while name is None and folder.exists():
        n += 1
        folder = root / f"{trainable}_{now}_{n}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def describe(params: Mapping[str, Any]) -> str:
    """Return params as text for the name of a folder."""
    parts = []
    for path, value in params.items():
        text = f"{value:.4f}" if isinstance(value, float) else str(value)
        parts.append(f"{path.rpartition('/')[2]}={text}")
    return re.sub(r"[^\w.,=+-]", "_", ",".join(parts))[:100]


def write_run(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write what a run is."""
    (folder / _RUN).write_text(json.dumps(dict(facts), default=to_json))


def read_run(folder: Path) -> dict[str, Any]:
    """Return what a run is.

    Raises:
        CompatError: The folder is of no run that was made here.
    """
    file = folder / _RUN
    if not file.exists():
        raise CompatError(
            f"{str(folder)!r} is the folder of no run of luthier's: it has no {_RUN}. A run of Ray "
            "itself is read by Ray alone"
        )
    facts: dict[str, Any] = json.loads(file.read_text())
    return facts


def write_trial(trial: Trial) -> None:
    """Write how a trial stands, so that another run can go on with it."""
    kept = {
        "trial_id": trial.trial_id,
        "trainable_name": trial.trainable_name,
        "config": trial.config,
        "experiment_tag": trial.experiment_tag,
        "number": trial.number,
        "evaluated_params": trial.evaluated_params,
        "status": trial.status,
        "error": trial.error_text,
        "n_checkpoints": trial.n_checkpoints,
        "checkpoints": [
            [os.path.basename(c.path), result.get("training_iteration", 0)]
            for c, result in trial.checkpoints
        ],
    }
    Path(trial.local_path, _TRIAL).write_text(json.dumps(kept, default=to_json))
    if trial.status == ERROR:
        Path(trial.local_path, "error.txt").write_text(trial.error_text or "")


def read_trials(folder: Path) -> list[Trial]:
    """Return the trials of a run, in their order."""
    trials = []
    for file in folder.glob(f"*/{_TRIAL}"):
        kept = json.loads(file.read_text())
        trial = Trial(
            kept["trial_id"],
            kept["trainable_name"],
            kept["config"],
            str(file.parent),
            kept["experiment_tag"],
            kept["number"],
        )
        trial.status = kept["status"]
        trial.error_text = kept["error"]
        if trial.error_text is not None:
            trial.error = RuntimeError(trial.error_text.strip().rpartition("\n")[2])
        trial.evaluated_params = kept["evaluated_params"]
        trial.n_checkpoints = kept["n_checkpoints"]
        results = file.parent / "result.json"
        for line in results.read_text().splitlines() if results.exists() else ():
            trial.add_result(json.loads(line))
        by_iteration = {r.get("training_iteration"): r for r in trial.results}
        trial.checkpoints = [
            (Checkpoint(file.parent / name), by_iteration.get(iteration, {}))
            for name, iteration in kept["checkpoints"]
        ]
        trials.append(trial)
    return sorted(trials, key=lambda t: t.number)


def drop_checkpoints(trial: Trial, config: CheckpointConfig) -> None:
    """Delete the checkpoints of a trial that are not to be kept; the latest always is."""
    if config.num_to_keep is None or len(trial.checkpoints) <= max(config.num_to_keep, 1):
        return
    *old, latest = trial.checkpoints
    metric = config.checkpoint_score_attribute
    order = list(enumerate(old))
    if metric is not None:
        sign = 1 if config.checkpoint_score_order == "max" else -1
        order.sort(
            key=lambda pair: sign * float(flatten(pair[1][1]).get(metric, float("-inf") * sign))
        )
    n_gone = len(trial.checkpoints) - max(config.num_to_keep, 1)
    gone = {i for i, _ in order[:n_gone]}
    for i in gone:
        shutil.rmtree(old[i][0].path, ignore_errors=True)
    trial.checkpoints = [kept for i, kept in enumerate(old) if i not in gone] + [latest]


def refuse_filesystem(where: str, given: Any) -> None:
    """Refuse a file system that is no folder.

    Raises:
        CompatError: There is one.
    """
    if given is not None:
        raise CompatError(
            f"{where} reads folders, got storage_filesystem={given!r}; copy the run to a folder"
        )
