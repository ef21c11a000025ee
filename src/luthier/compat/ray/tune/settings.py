"""Settings by Ray's names: `TuneConfig`, `RunConfig`, `CheckpointConfig` and their kin."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, ClassVar

from ....errors import CompatError
from ...remarks import refuse, warn_without_effect
from .resources import PlacementGroupFactory


@dataclasses.dataclass
class CheckpointConfig:
    """Which checkpoints of a trial are kept, and when class `Trainable`s write them.

    Attributes:
        num_to_keep: How many; None for all.
        checkpoint_score_attribute: Metric by which they are kept; None for the latest.
        checkpoint_score_order: "max" or "min".
        checkpoint_frequency: One at each so many iterations of a class; 0 for none.
        checkpoint_at_end: One at the end of a class.
    """

    num_to_keep: int | None = None
    checkpoint_score_attribute: str | None = None
    checkpoint_score_order: str | None = "max"
    checkpoint_frequency: int = 0
    checkpoint_at_end: bool | None = None

    def __post_init__(self) -> None:
        if self.num_to_keep is not None and self.num_to_keep < 0:
            raise ValueError(f"num_to_keep must be None or at least 0, got {self.num_to_keep!r}")
        if self.checkpoint_score_order not in ("max", "min", None):
            raise ValueError(
                f"checkpoint_score_order is 'max' or 'min', got {self.checkpoint_score_order!r}"
            )
        if self.checkpoint_frequency < 0:
            raise ValueError(
                f"checkpoint_frequency must be at least 0, got {self.checkpoint_frequency!r}"
            )


@dataclasses.dataclass
class FailureConfig:
    """What follows a trial's failure.

    Attributes:
        max_failures: How often a trial is run again; -1 for ever.
        fail_fast: Whether the first failure ends the run; "raise" raises it.
    """

    max_failures: int = 0
    fail_fast: bool | str = False

    def __post_init__(self) -> None:
        if self.fail_fast not in (True, False, "raise"):
            raise ValueError(f"fail_fast is True, False or 'raise', got {self.fail_fast!r}")
        if self.fail_fast and self.max_failures != 0:
            raise ValueError(f"max_failures must be 0 where fail_fast={self.fail_fast!r}")


class SyncConfig:
    """Copies of results to elsewhere: storage_path is a folder, so nothing is copied."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            warn_without_effect("ray's SyncConfig", "results are in a folder.")
        for name, value in kwargs.items():
            setattr(self, name, value)


_OF_MACHINES = {
    "placement_strategy": "a trial runs on one machine.",
    "accelerator_type": "a trial takes what GPUs the machine has.",
}


@dataclasses.dataclass
class ScalingConfig:
    """What one training needs; a trial gets the sum of it.

    Attributes:
        num_workers: Workers of a training.
        use_gpu: Whether each needs a GPU.
        resources_per_worker: What each needs; None for a core.
        trainer_resources: What the trainer needs; None for a core.
        placement_strategy: Without effect beyond "PACK".
        accelerator_type: Without effect.
    """

    num_workers: Any = 1
    use_gpu: Any = False
    resources_per_worker: dict[str, float] | None = None
    trainer_resources: dict[str, float] | None = None
    placement_strategy: str = "PACK"
    accelerator_type: str | None = None

    def __post_init__(self) -> None:
        for name, why in _OF_MACHINES.items():
            if getattr(self, name) not in (None, "PACK"):
                warn_without_effect(f"{name} of ray's ScalingConfig", why)

    def as_placement_group_factory(self) -> PlacementGroupFactory:
        """Return what a trial needs: the trainer, and each of the workers."""
        worker = dict(self.resources_per_worker or {"CPU": 1})
        if self.use_gpu:
            worker.setdefault("GPU", 1)
        trainer: dict[str, float] = (
            {"CPU": 1} if self.trainer_resources is None else self.trainer_resources
        )
        return PlacementGroupFactory([trainer, *[worker] * int(self.num_workers)])


@dataclasses.dataclass
class RunConfig:
    """Where a run is kept, when its trials stop, and what sees its results.

    Attributes:
        name: Folder of the run.
        storage_path: Folder of that folder; None for ~/ray_results.
        stop: Metrics that end a trial, a function of (trial_id, result), or a `Stopper`.
        callbacks: `Callback`s.
        failure_config: What follows failures.
        checkpoint_config: Which checkpoints are kept.
        verbose: 0 for silence.
        progress_reporter: Shows tables of trials.
        local_dir: storage_path, as it was called before 2.5.
    """

    name: str | None = None
    storage_path: Any = None
    storage_filesystem: Any = None
    failure_config: FailureConfig | None = None
    checkpoint_config: CheckpointConfig | None = None
    sync_config: Any = None
    verbose: Any = None
    stop: Any = None
    callbacks: list[Any] | None = None
    progress_reporter: Any = None
    log_to_file: Any = False
    local_dir: Any = None
    worker_runtime_env: Any = None

    def __post_init__(self) -> None:
        if self.storage_filesystem is not None or "://" in str(self.storage_path):
            raise CompatError(
                f"storage_path is a folder here, got {self.storage_path!r}; copy it to a bucket "
                "when the run is over"
            )
        if self.worker_runtime_env:
            warn_without_effect(
                "worker_runtime_env of RunConfig", "trials run in this environment."
            )
        if self.log_to_file:
            warn_without_effect("log_to_file", "what trials print goes to this process's output.")


class ResumeType(enum.Enum):
    """What becomes of a trial of an earlier run."""

    RESUME = "resume"
    RESTART = "restart"
    SKIP = "skip"


@dataclasses.dataclass
class ResumeConfig:
    """Which trials of an earlier run are run on.

    Attributes:
        finished: Those that came to their end; only SKIP.
        unfinished: Those that were running.
        errored: Those that failed.
    """

    ResumeType: ClassVar[type[ResumeType]] = ResumeType

    finished: Any = ResumeType.SKIP
    unfinished: Any = ResumeType.RESUME
    errored: Any = ResumeType.SKIP

    def __post_init__(self) -> None:
        for name in ("finished", "unfinished", "errored"):
            setattr(self, name, ResumeType(getattr(self, name)))
        if self.finished is not ResumeType.SKIP:
            raise refuse("ResumeConfig(finished=)", "Run their configurations anew.")


@dataclasses.dataclass
class TuneConfig:
    """What is searched, and how.

    Attributes:
        metric: Metric that is made better, or several.
        mode: "min" or "max", or one for each metric.
        search_alg: What to try next; None draws at random.
        scheduler: Which trials stop early.
        num_samples: Trials, times the combinations of grids; -1 for no bound.
        max_concurrent_trials: How many at a time; None or 0 for as many as fit.
        time_budget_s: Seconds after which the run ends.
        reuse_actors: Without effect: worker processes are kept in any case.
        trial_name_creator: Names a trial.
        trial_dirname_creator: Names the folder of a trial.
        chdir_to_trial_dir: Whether a trial works in its folder; None for what the environment
            variable RAY_CHDIR_TO_TRIAL_DIR says, 1 by default.
    """

    metric: Any = None
    mode: Any = None
    search_alg: Any = None
    scheduler: Any = None
    num_samples: int = 1
    max_concurrent_trials: int | None = None
    time_budget_s: Any = None
    reuse_actors: bool | None = None
    trial_name_creator: Any = None
    trial_dirname_creator: Any = None
    chdir_to_trial_dir: Any = None

    def __post_init__(self) -> None:
        if self.reuse_actors is not None:
            warn_without_effect("reuse_actors of TuneConfig", "workers are kept in any case.")
