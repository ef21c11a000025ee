"""What samplers, pruners and trials ask of a study."""

from __future__ import annotations

from collections.abc import Container
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ..storages.base import BaseStorage
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .direction import StudyDirection


class StudyLike(Protocol):
    """A study, or a part of one: see `Study`."""

    study_name: str
    storage: BaseStorage
    study_id: int
    sampler: Any
    pruner: Any
    is_stopped: bool

    @property
    def directions(self) -> list[StudyDirection]:
        """The directions of all objectives."""

    @property
    def direction(self) -> StudyDirection:
        """The direction, where there is one objective."""

    @property
    def metric_names(self) -> list[str] | None:
        """The names of the objectives."""

    @property
    def best_trial(self) -> FrozenTrial:
        """The best feasible trial."""

    @property
    def is_running_here(self) -> bool:
        """Whether this thread runs trials."""

    def running_here(self) -> AbstractContextManager[None]:
        """Mark this thread."""

    def find_best(self) -> FrozenTrial:
        """Return the best feasible trial, not to be changed."""

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return trials."""

    def seen_for(self, trial: FrozenTrial) -> StudyLike:
        """Return the study as its pruner lets the sampler see it."""

    def ask(self) -> Any:
        """Begin a trial."""

    def add_trial(self, trial: FrozenTrial) -> None:
        """Add a trial."""

    def stop(self) -> None:
        """Begin no further trial."""
