"""Studies in a journal, in the form that Optuna writes and reads."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from typing import Any

from ...distributions import BaseDistribution, distribution_to_json
from ...logging import get_logger
from ...study.direction import StudyDirection
from ...study.records import FrozenStudy
from ...trial.frozen import FrozenTrial
from ...trial.state import TrialState
from ..base import BaseStorage, finished_error, generated_name
from .base import BaseJournalBackend
from .replay import JournalOperation, Replay, to_text

_logger = get_logger("optuna.storages")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


class JournalStorage(BaseStorage):
    """Studies in a journal that Optuna may write at the same time.

    Args:
        log_storage: Where the journal is.
    """

    def __init__(self, log_storage: BaseJournalBackend) -> None:
        self._backend = log_storage
        self._begin()
        with self._lock:
            self._sync()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._replay = Replay(f"{uuid.uuid4()}-")

    def __getstate__(self) -> dict[str, Any]:
        return {"_backend": self._backend}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def _sync(self) -> Replay:
        """Read what is new."""
        self._replay.apply(self._backend.read_logs(self._replay.n_read))
        return self._replay

    def _write(self, operation: JournalOperation, **fields: Any) -> None:
        entry = {"op_code": int(operation), "worker_id": self._replay.worker, **fields}
        self._backend.append_logs([entry])
        self._sync()

    # -- studies --------------------------------------------------------------------------------

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        name = study_name or generated_name()
        with self._lock:
            self._write(
                JournalOperation.CREATE_STUDY,
                study_name=name,
                directions=[int(d) for d in directions],
            )
            number = self._replay.created
        _logger.info(f"A new study created in Journal with name: {name}")
        return number

    def delete_study(self, study_id: int) -> None:
        with self._lock:
            self._write(JournalOperation.DELETE_STUDY, study_id=study_id)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._write(
                JournalOperation.SET_STUDY_USER_ATTR, study_id=study_id, user_attr={key: value}
            )

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._write(
                JournalOperation.SET_STUDY_SYSTEM_ATTR, study_id=study_id, system_attr={key: value}
            )

    def get_study_id_from_name(self, study_name: str) -> int:
        with self._lock:
            return self._sync().tables.study_id(study_name)

    def _study(self, study_id: int) -> FrozenStudy:
        with self._lock:
            return self._sync().tables.study(study_id).record

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._study(study_id).study_name

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._study(study_id).directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._study(study_id).user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._study(study_id).system_attrs

    def get_all_studies(self) -> list[FrozenStudy]:
        with self._lock:
            return [copy.deepcopy(t.record) for t in self._sync().tables.studies.values()]

    # -- trials ---------------------------------------------------------------------------------

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        fields: dict[str, Any] = {"study_id": study_id, "datetime_start": _now()}
        if template_trial is not None:
            fields.update(_describe(template_trial))
        with self._lock:
            self._write(JournalOperation.CREATE_TRIAL, **fields)
            return self._replay.created

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        with self._lock:
            self._write(
                JournalOperation.SET_TRIAL_PARAM,
                trial_id=trial_id,
                param_name=param_name,
                param_value_internal=param_value_internal,
                distribution=distribution_to_json(distribution),
            )

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        fields: dict[str, Any] = {
            "trial_id": trial_id,
            "state": int(state),
            "values": None if values is None else list(values),
        }
        if state is TrialState.RUNNING:
            fields["datetime_start"] = _now()
        elif state.is_finished():
            fields["datetime_complete"] = _now()
        with self._lock:
            if state is TrialState.RUNNING:
                known = self._sync().tables.trial(trial_id)
                if known.state.is_finished():
                    raise finished_error(known.number)
                if known.state is not TrialState.WAITING:
                    return False
            self._write(JournalOperation.SET_TRIAL_STATE_VALUES, **fields)
            return state is not TrialState.RUNNING or self._replay.owns(trial_id)

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        with self._lock:
            self._write(
                JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE,
                trial_id=trial_id,
                step=step,
                intermediate_value=intermediate_value,
            )

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._write(
                JournalOperation.SET_TRIAL_USER_ATTR, trial_id=trial_id, user_attr={key: value}
            )

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._lock:
            self._write(
                JournalOperation.SET_TRIAL_SYSTEM_ATTR, trial_id=trial_id, system_attr={key: value}
            )

    def get_trial(self, trial_id: int) -> FrozenTrial:
        with self._lock:
            return self._sync().tables.trial(trial_id)

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        with self._lock:
            return self._sync().tables.best(study_id)

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        with self._lock:
            trials = self._sync().tables.select(study_id, states)
        return copy.deepcopy(trials) if deepcopy else trials


def _describe(trial: FrozenTrial) -> dict[str, Any]:
    """The fields of an entry that creates a trial like this."""
    values = trial.values or []
    over = {"datetime_complete": to_text(trial.datetime_complete)}
    return {
        "state": int(trial.state),
        "value": values[0] if len(values) == 1 else None,
        "values": values if len(values) > 1 else None,
        "datetime_start": to_text(trial.datetime_start),
        **(over if trial.datetime_complete else {}),
        "distributions": {k: distribution_to_json(d) for k, d in trial.distributions.items()},
        "params": {k: trial.distributions[k].to_internal_repr(v) for k, v in trial.params.items()},
        "user_attrs": trial.user_attrs,
        "system_attrs": trial.system_attrs,
        "intermediate_values": trial.intermediate_values,
    }
