"""What the entries of a journal come to."""

from __future__ import annotations

import datetime
import enum
import threading
from collections.abc import Callable, Iterable
from typing import Any

from ...distributions import json_to_distribution
from ...exceptions import OptunaError
from ...study.direction import StudyDirection
from ...trial.frozen import FrozenTrial
from ...trial.state import TrialState
from ..tables import Tables


class JournalOperation(enum.IntEnum):
    """What an entry does, by the numbers that Optuna writes."""

    CREATE_STUDY = 0
    DELETE_STUDY = 1
    SET_STUDY_USER_ATTR = 2
    SET_STUDY_SYSTEM_ATTR = 3
    CREATE_TRIAL = 4
    SET_TRIAL_PARAM = 5
    SET_TRIAL_STATE_VALUES = 6
    SET_TRIAL_INTERMEDIATE_VALUE = 7
    SET_TRIAL_USER_ATTR = 8
    SET_TRIAL_SYSTEM_ATTR = 9
    DISCARD_TRIALS = 10


def to_local(text: str | None) -> datetime.datetime | None:
    """A moment of an entry by the clock on the wall here."""
    if text is None:
        return None
    return datetime.datetime.fromisoformat(text).astimezone().replace(tzinfo=None)


def to_text(moment: datetime.datetime | None) -> str | None:
    """A moment as an entry has it."""
    if moment is None:
        return None
    return moment.astimezone(datetime.UTC).isoformat(timespec="microseconds")


class Replay:
    """Studies and trials, made by the entries of a journal one after another.

    An entry that cannot be carried out is passed over, as everybody who reads the journal does; who
    wrote it gets the error.

    Args:
        prefix: Begin of the names of this storage's threads in the journal.

    Attributes:
        tables: The studies and trials.
        n_read: How many entries were carried out.
    """

    def __init__(self, prefix: str) -> None:
        self.tables = Tables()
        self.n_read = 0
        self._prefix = prefix
        self._created: dict[str, int] = {}  # what each thread has created last
        self._owned: dict[str, int] = {}  # the trial that each thread runs
        self._verbs: dict[int, Callable[[dict[str, Any]], Any]] = {
            JournalOperation.CREATE_STUDY: self._create_study,
            JournalOperation.DELETE_STUDY: lambda e: self.tables.delete_study(e["study_id"]),
            JournalOperation.SET_STUDY_USER_ATTR: self._set_study_attr,
            JournalOperation.SET_STUDY_SYSTEM_ATTR: self._set_study_attr,
            JournalOperation.CREATE_TRIAL: self._create_trial,
            JournalOperation.SET_TRIAL_PARAM: self._set_param,
            JournalOperation.SET_TRIAL_STATE_VALUES: self._set_state,
            JournalOperation.SET_TRIAL_INTERMEDIATE_VALUE: lambda e: self.tables.set_report(
                e["trial_id"], e["step"], e["intermediate_value"]
            ),
            JournalOperation.SET_TRIAL_USER_ATTR: self._set_trial_attr,
            JournalOperation.SET_TRIAL_SYSTEM_ATTR: self._set_trial_attr,
            JournalOperation.DISCARD_TRIALS: lambda e: None,
        }

    @property
    def worker(self) -> str:
        """The name of this thread in the journal."""
        return f"{self._prefix}{threading.get_ident()}"

    @property
    def created(self) -> int:
        """What this thread has created last, by its number in the storage."""
        return self._created[self.worker]

    def owns(self, trial_id: int) -> bool:
        """Whether this thread runs a trial."""
        return self._owned.get(self.worker) == trial_id

    def apply(self, entries: Iterable[dict[str, Any]]) -> None:
        """Carry out entries.

        Raises:
            KeyError: An entry of this thread is about what does not exist.
            OptunaError: An entry of this thread cannot be carried out.
            ValueError: A parameter of this thread has become something else.
        """
        for entry in entries:
            self.n_read += 1
            try:
                self._verbs[entry["op_code"]](entry)
            except (KeyError, OptunaError, ValueError):
                if entry["worker_id"] == self.worker:
                    raise

    def _create_study(self, entry: dict[str, Any]) -> None:
        directions = [StudyDirection(d) for d in entry["directions"]]
        number = self.tables.add_study(directions, entry["study_name"])
        self._created[entry["worker_id"]] = number

    def _set_study_attr(self, entry: dict[str, Any]) -> None:
        for kind in ("user", "system"):
            for key, value in entry.get(f"{kind}_attr", {}).items():
                self.tables.set_study_attr(entry["study_id"], f"{kind}_attrs", key, value)

    def _set_trial_attr(self, entry: dict[str, Any]) -> None:
        for kind in ("user", "system"):
            for key, value in entry.get(f"{kind}_attr", {}).items():
                self.tables.set_attr(entry["trial_id"], f"{kind}_attrs", key, value)

    def _create_trial(self, entry: dict[str, Any]) -> None:
        distributions = {
            name: json_to_distribution(text)
            for name, text in entry.get("distributions", {}).items()
        }
        reports = entry.get("intermediate_values", {})
        trial = FrozenTrial(
            number=-1,
            state=TrialState(entry.get("state", TrialState.RUNNING)),
            value=entry.get("value"),
            values=entry.get("values"),
            datetime_start=to_local(entry["datetime_start"]),
            datetime_complete=to_local(entry.get("datetime_complete")),
            params={
                name: distributions[name].to_external_repr(v)
                for name, v in entry.get("params", {}).items()
            },
            distributions=distributions,
            user_attrs=entry.get("user_attrs", {}),
            system_attrs=entry.get("system_attrs", {}),
            intermediate_values={int(step): v for step, v in reports.items()},
            trial_id=-1,
        )
        trial_id = self.tables.add_trial(entry["study_id"], trial)
        self._created[entry["worker_id"]] = trial_id
        if trial.state is TrialState.RUNNING:
            self._owned[entry["worker_id"]] = trial_id

    def _set_param(self, entry: dict[str, Any]) -> None:
        self.tables.set_param(
            entry["trial_id"],
            entry["param_name"],
            entry["param_value_internal"],
            json_to_distribution(entry["distribution"]),
        )

    def _set_state(self, entry: dict[str, Any]) -> None:
        state = TrialState(entry["state"])
        moment = entry.get("datetime_start") or entry.get("datetime_complete")
        changed = self.tables.set_state(entry["trial_id"], state, entry["values"], to_local(moment))
        if changed and state is TrialState.RUNNING:
            self._owned[entry["worker_id"]] = entry["trial_id"]
