"""All that a run is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .goal import Goal
from .places import Place
from .schedulers import TrialScheduler
from .search.searchers import Searcher
from .settings import CheckpointConfig, FailureConfig
from .stopper import Stopper
from .trial import Trial


class Plan:
    """All that a run is told.

    Attributes:
        trainable: What is tuned.
        config: The space.
        searcher: What to try next.
        scheduler: Which trials stop early.
        goal: What is compared.
        stopper: What ends trials.
        num_samples: Trials, times the combinations of grids.
        repeat: How often each configuration is run.
        shows_repeat: Whether configurations tell which repeat they are.
        works_in_folder: Whether a trial works in its folder; None for what the environment says.
        time_budget_s: Seconds after which the run ends; None for no bound.
        checkpoints: Which checkpoints are kept.
        failures: What follows failures.
        folder: Of the run.
        place: Where trials run.
        name_trial: Names a trial; None for the default.
        name_folder: Names the folder of a trial; None for the default.
        verbose: Whether anything is shown.
        before: Trials of an earlier run.
        again: Those of them that are run on: trial id to whether from their checkpoint.
    """

    trainable: Any
    config: dict[str, Any]
    searcher: Searcher
    scheduler: TrialScheduler
    goal: Goal
    stopper: Stopper
    num_samples: int = 1
    repeat: int = 1
    shows_repeat: bool = True
    works_in_folder: bool | None = None
    time_budget_s: float | None = None
    checkpoints: CheckpointConfig
    failures: FailureConfig
    folder: Path
    place: Place
    name_trial: Any = None
    name_folder: Any = None
    verbose: bool = True
    before: list[Trial]
    again: dict[str, bool]
