"""Studies in a database with Optuna's tables, shared with Optuna where it uses it too."""

from __future__ import annotations

import contextlib
import copy
import datetime
import json
import threading
from collections.abc import Container, Sequence
from typing import Any

from ...distributions import (
    BaseDistribution,
    check_distribution_compatibility,
    distribution_to_json,
)
from ...exceptions import DuplicatedStudyError
from ...logging import get_logger
from ...marks import deprecation, warn, warn_experimental_argument
from ...study.direction import StudyDirection
from ...study.records import FrozenStudy
from ...trial.frozen import FrozenTrial, begin_trial
from ...trial.state import TrialState
from ..base import BaseStorage, finished_error, generated_name
from ..heartbeat import BaseHeartbeat, Callback
from .database import Database
from .rows import read_trials, read_utc, split_number, to_utc
from .schema import OLDER, REVISION, SCHEMA
from .seen_study import SeenStudy

_logger = get_logger("optuna.storages")

_CHILDREN = (
    "trial_user_attributes",
    "trial_system_attributes",
    "trial_params",
    "trial_values",
    "trial_intermediate_values",
    "trial_heartbeats",
)


def _missing_study(study_id: Any) -> KeyError:
    return KeyError(f"No study with study_id {study_id} exists.")


class RDBStorage(BaseStorage, BaseHeartbeat):
    """Studies in SQLite, PostgreSQL or MySQL, in the tables that Optuna has.

    A database that Optuna has written is continued, by both at the same time too.

    Args:
        url: Such as "sqlite:///optuna.db".
        engine_kwargs: Options of SQLAlchemy's `create_engine`.
        skip_compatibility_check: Whether tables of another schema are taken.
        heartbeat_interval: After how many seconds a worker gives a sign of life; None for never.
        grace_period: How many seconds a worker may be silent; None for two intervals.
        heartbeat_stale_trial_callback: Called with the study and a trial whose worker was silent.
        failed_trial_callback: An older name.
        skip_table_creation: Whether the tables are there.

    Raises:
        RuntimeError: The tables are of another schema.
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        url: str,
        engine_kwargs: dict[str, Any] | None = None,
        skip_compatibility_check: bool = False,
        *,
        heartbeat_interval: int | None = None,
        grace_period: int | None = None,
        heartbeat_stale_trial_callback: Callback | None = None,
        failed_trial_callback: Callback | None = None,
        skip_table_creation: bool = False,
    ) -> None:
        if heartbeat_interval is not None:
            if heartbeat_interval <= 0:
                raise ValueError("The value of `heartbeat_interval` should be a positive integer.")
            warn_experimental_argument("heartbeat_interval")
        if grace_period is not None and grace_period <= 0:
            raise ValueError("The value of `grace_period` should be a positive integer.")
        if failed_trial_callback is not None:
            if heartbeat_stale_trial_callback is not None:
                raise ValueError(
                    "Specify only one of `heartbeat_stale_trial_callback` and "
                    "`failed_trial_callback`."
                )
            advice = "Use `heartbeat_stale_trial_callback` instead."
            message = deprecation("`failed_trial_callback`", "4.9.0", "6.0.0", advice)
            warn(message, FutureWarning, stacklevel=2)
        self.url = url.format(SCHEMA_VERSION=SCHEMA)
        self.engine_kwargs = engine_kwargs or {}
        self.skip_compatibility_check = skip_compatibility_check
        self.heartbeat_interval = heartbeat_interval
        self.grace_period = grace_period
        self.heartbeat_stale_trial_callback = (
            heartbeat_stale_trial_callback or failed_trial_callback
        )
        self._open(skip_table_creation)

    def _open(self, skip_table_creation: bool = False) -> None:
        self.engine = Database(self.url, self.engine_kwargs)
        self._lock = threading.RLock()
        self._seen: dict[int, SeenStudy] = {}
        self._study_of: dict[int, int] = {}  # of trials
        self._changes: int | None = None
        if not skip_table_creation and not self.engine.has_tables():
            self.engine.create_tables()
        if not self.skip_compatibility_check:
            self.engine.check_revision()

    def __getstate__(self) -> dict[str, Any]:
        gone = ("engine", "_lock", "_seen", "_study_of", "_changes")
        return {k: v for k, v in self.__dict__.items() if k not in gone}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    # -- studies --------------------------------------------------------------------------------

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        name = generated_name() if study_name is None else study_name
        with self._lock, self.engine.transaction() as run:
            if self.engine.read("SELECT 1 FROM studies WHERE study_name = ?", (name,)):
                raise DuplicatedStudyError(f"there is a study {name!r} already")
            study_id = self.engine.insert(
                "INSERT INTO studies (study_name) VALUES (?)", (name,), "study_id"
            )
            for i, direction in enumerate(directions):
                run.execute(
                    "INSERT INTO study_directions (direction, study_id, objective) "
                    "VALUES (?, ?, ?)",
                    (StudyDirection(direction).name, study_id, i),
                )
        _logger.info(f"A new study created in RDB with name: {name}")
        return study_id

    def delete_study(self, study_id: int) -> None:
        with self._lock, self.engine.transaction() as run:
            self.get_study_name_from_id(study_id)
            for child in _CHILDREN:
                run.execute(
                    f"DELETE FROM {child} WHERE trial_id IN "
                    "(SELECT trial_id FROM trials WHERE study_id = ?)",
                    (study_id,),
                )
            for table in (
                "trials",
                "study_directions",
                "study_user_attributes",
                "study_system_attributes",
                "studies",
            ):
                run.execute(f"DELETE FROM {table} WHERE study_id = ?", (study_id,))
            self._seen.pop(study_id, None)
            self._study_of = {t: s for t, s in self._study_of.items() if s != study_id}

    def _set_attr(self, kind: str, owner: int, key: str, value: Any) -> None:
        """Note something; `kind` is such as "trial_user"."""
        table, column = f"{kind}_attributes", f"{kind.partition('_')[0]}_id"
        text = json.dumps(value)
        with self.engine.transaction() as run:
            where = self.engine.spell(f'WHERE {column} = ? AND "key" = ?')
            run.execute(f"DELETE FROM {table} {where}", (owner, key))
            columns = self.engine.spell(f'({column}, "key", value_json)')
            run.execute(f"INSERT INTO {table} {columns} VALUES (?, ?, ?)", (owner, key, text))

    def _attrs(self, kind: str, study_id: int) -> dict[str, Any]:
        self.get_study_name_from_id(study_id)
        rows = self.engine.read(
            f'SELECT "key", value_json FROM study_{kind}_attributes WHERE study_id = ? '
            f"ORDER BY study_{kind}_attribute_id",
            (study_id,),
        )
        return {key: json.loads(text) for key, text in rows}

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self.get_study_name_from_id(study_id)
        self._set_attr("study_user", study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self.get_study_name_from_id(study_id)
        self._set_attr("study_system", study_id, key, value)

    def get_study_id_from_name(self, study_name: str) -> int:
        rows = self.engine.read("SELECT study_id FROM studies WHERE study_name = ?", (study_name,))
        if not rows:
            raise KeyError(f"No such study {study_name}.")
        return int(rows[0][0])

    def get_study_name_from_id(self, study_id: int) -> str:
        rows = self.engine.read("SELECT study_name FROM studies WHERE study_id = ?", (study_id,))
        if not rows:
            raise _missing_study(study_id)
        return str(rows[0][0])

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        rows = self.engine.read(
            "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective",
            (study_id,),
        )
        if not rows:
            raise _missing_study(study_id)
        return [StudyDirection[row[0]] for row in rows]

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._attrs("user", study_id)

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._attrs("system", study_id)

    def get_all_studies(self) -> list[FrozenStudy]:
        with self._lock, self.engine.transaction():
            rows = self.engine.read("SELECT study_id, study_name FROM studies ORDER BY study_id")
            return [
                FrozenStudy(
                    study_name=name,
                    direction=None,
                    user_attrs=self._attrs("user", study_id),
                    system_attrs=self._attrs("system", study_id),
                    study_id=study_id,
                    directions=self.get_study_directions(study_id),
                )
                for study_id, name in rows
            ]

    # -- trials: writing ------------------------------------------------------------------------

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial = begin_trial() if template_trial is None else copy.deepcopy(template_trial)
        with self._lock, self.engine.transaction() as run:
            seen = self._look(study_id)
            lock = " FOR UPDATE" if self.engine.kind != "sqlite" else ""
            if not self.engine.read(
                f"SELECT study_id FROM studies WHERE study_id = ?{lock}", (study_id,)
            ):
                raise _missing_study(study_id)
            [(number,)] = self.engine.read(
                "SELECT COUNT(*) FROM trials WHERE study_id = ?", (study_id,)
            )
            trial.number = number
            trial.trial_id = self.engine.insert(
                "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    number,
                    study_id,
                    trial.state.name,
                    self.engine.time(to_utc(trial.datetime_start)),
                    self.engine.time(to_utc(trial.datetime_complete)),
                ),
                "trial_id",
            )
            if template_trial is not None:
                self._insert_fields(run, trial)
        self._study_of[trial.trial_id] = study_id
        seen.put(trial)
        return trial.trial_id

    def _insert_fields(self, run: Any, trial: FrozenTrial) -> None:
        for name, value in trial.params.items():
            d = trial.distributions[name]
            self._insert_param(run, trial.trial_id, name, d.to_internal_repr(value), d)
        self._insert_values(run, trial.trial_id, trial.values or ())
        for step, value in trial.intermediate_values.items():
            self._insert_report(run, trial.trial_id, step, value)
        for kind, attrs in (("user", trial.user_attrs), ("system", trial.system_attrs)):
            for key, value in attrs.items():
                self._set_attr(f"trial_{kind}", trial.trial_id, key, value)

    @staticmethod
    def _insert_param(
        run: Any, trial_id: int, name: str, value: float, d: BaseDistribution
    ) -> None:
        run.execute(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
            "VALUES (?, ?, ?, ?)",
            (trial_id, name, float(value), distribution_to_json(d)),
        )

    @staticmethod
    def _insert_values(run: Any, trial_id: int, values: Sequence[float]) -> None:
        for i, value in enumerate(values):
            run.execute(
                "INSERT INTO trial_values (trial_id, objective, value, value_type) "
                "VALUES (?, ?, ?, ?)",
                (trial_id, i, *split_number(value)),
            )

    @staticmethod
    def _insert_report(run: Any, trial_id: int, step: int, value: float) -> None:
        run.execute(
            "INSERT INTO trial_intermediate_values "
            "(trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, ?)",
            (trial_id, int(step), *split_number(value)),
        )

    @contextlib.contextmanager
    def _changing(self, trial_id: int) -> Any:
        """A transaction that changes a trial.

        Yields:
            What executes statements, and a copy of the trial, which is noted at the end.
        """
        with self._lock:
            with self.engine.transaction() as run:
                new = copy.copy(self.get_trial(trial_id))
                [(state,)] = self.engine.read(
                    "SELECT state FROM trials WHERE trial_id = ?", (trial_id,)
                )
                if TrialState[state].is_finished():
                    raise finished_error(new.number)
                new.state = TrialState[state]
                yield run, new
            self._seen[self._study_of[trial_id]].put(new)

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        with self._changing(trial_id) as (run, new):
            known = self._seen[self._study_of[trial_id]].distributions.get(param_name)
            if known is not None:
                check_distribution_compatibility(known, distribution)
            if param_name in new.params:
                run.execute(
                    "DELETE FROM trial_params WHERE trial_id = ? AND param_name = ?",
                    (trial_id, param_name),
                )
            self._insert_param(run, trial_id, param_name, param_value_internal, distribution)
            value = distribution.to_external_repr(param_value_internal)
            new.params = {**new.params, param_name: value}
            new.distributions = {**new.distributions, param_name: distribution}

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        with self._changing(trial_id) as (run, new):
            if state is TrialState.RUNNING and new.state is not TrialState.WAITING:
                return False
            new.state = state
            now = datetime.datetime.now()
            column = ""
            if state is TrialState.RUNNING:
                column, new.datetime_start = ", datetime_start = ?", now
            elif state.is_finished():
                column, new.datetime_complete = ", datetime_complete = ?", now
            moment = (self.engine.time(to_utc(now)),) if column else ()
            run.execute(
                f"UPDATE trials SET state = ?{column} WHERE trial_id = ?",
                (state.name, *moment, trial_id),
            )
            if values is not None:
                run.execute("DELETE FROM trial_values WHERE trial_id = ?", (trial_id,))
                self._insert_values(run, trial_id, values)
                new.values = [float(v) for v in values]
        return True

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        with self._changing(trial_id) as (run, new):
            run.execute(
                "DELETE FROM trial_intermediate_values WHERE trial_id = ? AND step = ?",
                (trial_id, step),
            )
            self._insert_report(run, trial_id, step, intermediate_value)
            new.intermediate_values = {**new.intermediate_values, step: intermediate_value}

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._changing(trial_id) as (_, new):
            self._set_attr("trial_user", trial_id, key, value)
            new.user_attrs = {**new.user_attrs, key: json.loads(json.dumps(value))}

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        with self._changing(trial_id) as (_, new):
            self._set_attr("trial_system", trial_id, key, value)
            new.system_attrs = {**new.system_attrs, key: json.loads(json.dumps(value))}

    # -- trials: reading ------------------------------------------------------------------------

    def _look(self, study_id: int) -> SeenStudy:
        """What is known of a study, with what others have written."""
        if study_id not in self._seen:
            self.get_study_name_from_id(study_id)
            self._seen[study_id] = SeenStudy(study_id)
            self._changes = None
        changes = self.engine.foreign_changes
        if changes is None or changes != self._changes:
            for seen in self._seen.values():
                seen.refresh(self.engine)
                for trial_id in seen.place:
                    self._study_of[trial_id] = seen.study_id
            self._changes = changes
        return self._seen[study_id]

    def get_trial(self, trial_id: int) -> FrozenTrial:
        with self._lock:
            if trial_id not in self._study_of:
                rows = self.engine.read(
                    "SELECT study_id FROM trials WHERE trial_id = ?", (trial_id,)
                )
                if not rows:
                    raise KeyError(f"No trial with trial_id {trial_id} exists.")
                self._study_of[trial_id] = int(rows[0][0])
            seen = self._look(self._study_of[trial_id])
            if trial_id in seen.place:
                return seen.trials[seen.place[trial_id]]
            [trial] = read_trials(self.engine, [trial_id])
            seen.put(trial)
            return trial

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        with self._lock:
            trials = self._look(study_id).trials
            found = [t for t in trials if states is None or t.state in states]
        return copy.deepcopy(found) if deepcopy else found

    # -- signs of life, and the schema ----------------------------------------------------------

    def record_heartbeat(self, trial_id: int) -> None:
        now = self.engine.time(_utc_now())
        with self.engine.transaction() as run:
            run.execute("DELETE FROM trial_heartbeats WHERE trial_id = ?", (trial_id,))
            run.execute(
                "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?, ?)", (trial_id, now)
            )

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        if self.heartbeat_interval is None:
            return []
        silent_s = self.grace_period or 2 * self.heartbeat_interval
        rows = self.engine.read(
            "SELECT trials.trial_id, heartbeat FROM trials JOIN trial_heartbeats "
            "ON trials.trial_id = trial_heartbeats.trial_id WHERE study_id = ? AND state = ?",
            (study_id, TrialState.RUNNING.name),
        )
        now = _utc_now()
        ages = [(trial_id, now - read_utc(beat)) for trial_id, beat in rows]
        return [trial_id for trial_id, age in ages if age.total_seconds() > silent_s]

    def get_heartbeat_interval(self) -> int | None:
        return self.heartbeat_interval

    def get_heartbeat_stale_trial_callback(self) -> Callback | None:
        return self.heartbeat_stale_trial_callback

    def get_current_version(self) -> str:
        """Return the revision of the tables."""
        found = self.engine.revision()
        assert found is not None
        return found

    def get_head_version(self) -> str:
        """Return the revision that is read here."""
        return REVISION

    def get_all_versions(self) -> list[str]:
        """Return all revisions, the latest first."""
        return [REVISION, *OLDER]

    def upgrade(self) -> None:
        """Do nothing where the tables are of the revision that is read here.

        Raises:
            RuntimeError: They are of another one, which Optuna's own command upgrades.
        """
        self.engine.check_revision()


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
