"""Records of studies: as storages hold them, and as lists of studies show them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from ..trial.frozen import FrozenTrial
from .direction import StudyDirection


class _Record:
    """What both kinds have: directions, an id by which they are ordered, equality by fields."""

    study_name: str

    def __init__(
        self,
        direction: StudyDirection | None,
        directions: Sequence[StudyDirection] | None,
        study_id: int,
    ) -> None:
        if direction is None and directions is None:
            raise ValueError("Specify one of `direction` and `directions`.")
        self._directions = [direction] if directions is None else list(directions)
        self.study_id = study_id

    @property
    def _study_id(self) -> int:
        return self.study_id

    @property
    def direction(self) -> StudyDirection:
        """The direction, where there is one objective.

        Raises:
            RuntimeError: There are several.
        """
        if len(self._directions) > 1:
            raise RuntimeError(
                "This attribute is not available during multi-objective optimization."
            )
        return self._directions[0]  # type: ignore[return-value]

    @property
    def directions(self) -> list[StudyDirection]:
        """The directions of all objectives."""
        return self._directions  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.study_id < other.study_id

    def __le__(self, other: Any) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self.study_id <= other.study_id

    __hash__ = None  # type: ignore[assignment]


class FrozenStudy(_Record):
    """A study as a storage holds it, without trials.

    Args:
        study_name: Its name.
        direction: The direction, where there is one objective.
        user_attrs: What the user has noted.
        system_attrs: What the machinery has noted.
        study_id: Its number in the storage.
        directions: The directions, where there are several.
    """

    def __init__(
        self,
        study_name: str,
        direction: StudyDirection | None,
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        study_id: int,
        *,
        directions: Sequence[StudyDirection] | None = None,
    ) -> None:
        super().__init__(direction, directions, study_id)
        self.study_name = study_name
        self.user_attrs = user_attrs
        self.system_attrs = system_attrs


class StudySummary(_Record):
    """A study as a list of studies shows it.

    Args:
        study_name: Its name.
        direction: The direction, where there is one objective.
        best_trial: The best trial, where there is one objective.
        user_attrs: What the user has noted.
        n_trials: Number of trials in all states.
        datetime_start: When its first trial began.
        study_id: Its number in the storage.
        directions: The directions, where there are several.
    """

    def __init__(
        self,
        study_name: str,
        direction: StudyDirection | None,
        best_trial: FrozenTrial | None,
        user_attrs: dict[str, Any],
        n_trials: int,
        datetime_start: datetime.datetime | None,
        study_id: int,
        *,
        directions: Sequence[StudyDirection] | None = None,
    ) -> None:
        super().__init__(direction, directions, study_id)
        self.study_name = study_name
        self.best_trial = best_trial
        self.user_attrs = user_attrs
        self.n_trials = n_trials
        self.datetime_start = datetime_start
