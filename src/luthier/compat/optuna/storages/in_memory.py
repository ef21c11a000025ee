"""Studies in this process's memory."""

from __future__ import annotations

import copy
import threading
from collections.abc import Container, Sequence
from typing import Any

from ..distributions import BaseDistribution
from ..logging import get_logger
from ..study.direction import StudyDirection
from ..study.records import FrozenStudy
from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState
from .base import BaseStorage, generated_name
from .tables import Tables

_logger = get_logger("optuna.storages")


class InMemoryStorage(BaseStorage):
    """Studies that are lost when the process ends: the default."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        name = generated_name() if study_name is None else study_name
        with self._lock:
            number = self._tables.add_study(directions, name)
        _logger.info(f"A new study created in memory with name: {name}")
        return number

    def delete_study(self, study_id: int) -> None:
        with self._lock:
            self._tables.delete_study(study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._tables.set_study_attr(study_id, "user_attrs", key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._tables.set_study_attr(study_id, "system_attrs", key, value)

    def get_study_id_from_name(self, study_name: str) -> int:
        with self._lock:
            return self._tables.study_id(study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        with self._lock:
            return self._tables.study(study_id).record.study_name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        with self._lock:
            return self._tables.study(study_id).record.directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        with self._lock:
            return self._tables.study(study_id).record.user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        with self._lock:
            return self._tables.study(study_id).record.system_attrs

    def get_all_studies(self) -> list[FrozenStudy]:
        with self._lock:
            return [copy.deepcopy(table.record) for table in self._tables.studies.values()]

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial = copy.deepcopy(template_trial)
        with self._lock:
            return self._tables.add_trial(study_id, trial)

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        with self._lock:
            self._tables.set_param(trial_id, param_name, param_value_internal, distribution)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        with self._lock:
            return self._tables.set_state(trial_id, state, values)

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        with self._lock:
            self._tables.set_report(trial_id, step, intermediate_value)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._tables.set_attr(trial_id, "user_attrs", key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._tables.set_attr(trial_id, "system_attrs", key, value)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        with self._lock:
            return self._tables.trial(trial_id)

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        with self._lock:
            trials = self._tables.study(study_id).trials
            if not 0 <= trial_number < len(trials):
                raise KeyError(
                    f"No trial with trial number {trial_number} exists in study with study_id "
                    f"{study_id}."
                )
            return trials[trial_number].trial_id

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        with self._lock:
            return self._tables.best(study_id)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        with self._lock:
            trials = self._tables.select(study_id, states)
        return copy.deepcopy(trials) if deepcopy else trials
