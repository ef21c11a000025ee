"""Studies and trials in memory: what the storages hold that keep all of it there."""

from __future__ import annotations

import datetime
from collections.abc import Container, Sequence
from typing import Any

from ..distributions import BaseDistribution, check_distribution_compatibility
from ..exceptions import DuplicatedStudyError
from ..study.direction import StudyDirection
from ..study.records import FrozenStudy
from ..trial.frozen import FrozenTrial, begin_trial
from ..trial.state import TrialState
from .base import finished_error

WAITING = (TrialState.WAITING,)
_RUNNING = TrialState.RUNNING  # looked up once: a member of an enum is slow to reach


class StudyTable:
    """One study.

    Attributes:
        record: The study without its trials.
        trials: The trials by number; a trial that changes is replaced.
        distributions: The distribution that each name had last.
        best: Number of the best complete trial, where there is one objective.
        first_waiting: No trial below this number waits.
    """

    def __init__(self, record: FrozenStudy) -> None:
        self.record = record
        self.trials: list[FrozenTrial] = []
        self.distributions: dict[str, BaseDistribution] = {}
        self.best: int | None = None
        self.first_waiting = 0
        self._sign = -1 if record.directions[0] == StudyDirection.MAXIMIZE else 1

    def note_best(self, trial: FrozenTrial) -> None:
        """Compare a trial that may have ended with the best."""
        if trial.state is not TrialState.COMPLETE:
            return
        best = None if self.best is None else self.trials[self.best]
        is_first = best is None or best.values is None
        if is_first or self._sign * (trial.values[0] - best.values[0]) < 0:  # type: ignore[union-attr]
            self.best = trial.number

    def waiting(self) -> list[FrozenTrial]:
        """The trials that wait."""
        found = [t for t in self.trials[self.first_waiting :] if t.state is TrialState.WAITING]
        self.first_waiting = found[0].number if found else len(self.trials)
        return found


class Tables:
    """All studies of one storage. Not safe for threads."""

    def __init__(self) -> None:
        self.studies: dict[int, StudyTable] = {}
        self.by_name: dict[str, int] = {}
        self._place: dict[int, tuple[StudyTable, int]] = {}  # of each trial
        self._next_study = 0
        self._next_trial = 0

    # -- studies --------------------------------------------------------------------------------

    def add_study(self, directions: Sequence[StudyDirection], name: str) -> int:
        """Add a study and return its number."""
        if name in self.by_name:
            raise DuplicatedStudyError(f"there is a study {name!r} already")
        number = self._next_study
        self._next_study += 1
        record = FrozenStudy(name, None, {}, {}, number, directions=directions)
        self.studies[number] = StudyTable(record)
        self.by_name[name] = number
        return number

    def delete_study(self, study_id: int) -> None:
        """Remove a study."""
        table = self.study(study_id)
        for trial in table.trials:
            del self._place[trial.trial_id]
        del self.by_name[table.record.study_name]
        del self.studies[study_id]

    def study(self, study_id: int) -> StudyTable:
        """Return a study."""
        table = self.studies.get(study_id)
        if table is None:
            raise KeyError(f"No study with study_id {study_id} exists.")
        return table

    def study_id(self, name: str) -> int:
        """Return the number of a study."""
        if name not in self.by_name:
            raise KeyError(f"No such study {name}.")
        return self.by_name[name]

    def set_study_attr(self, study_id: int, kind: str, key: str, value: Any) -> None:
        """Note something about a study; `kind` is "user_attrs" or "system_attrs"."""
        record = self.study(study_id).record
        setattr(record, kind, {**getattr(record, kind), key: value})

    # -- trials ---------------------------------------------------------------------------------

    def add_trial(self, study_id: int, trial: FrozenTrial | None = None) -> int:
        """Add a trial, which is taken over; None for one that begins now."""
        table = self.study(study_id)
        new = begin_trial() if trial is None else trial
        new.trial_id = self._next_trial
        new.number = len(table.trials)
        self._next_trial += 1
        self._place[new.trial_id] = (table, new.number)
        table.trials.append(new)
        for name, distribution in new.distributions.items():
            table.distributions.setdefault(name, distribution)
        table.note_best(new)
        return new.trial_id

    def place(self, trial_id: int) -> tuple[StudyTable, int]:
        """Return the study of a trial, and its number there."""
        place = self._place.get(trial_id)
        if place is None:
            raise KeyError(f"No trial with trial_id {trial_id} exists.")
        return place

    def trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial."""
        table, number = self.place(trial_id)
        return table.trials[number]

    def _change(self, trial_id: int) -> FrozenTrial:
        """Return a copy of a trial that is to be changed, which stands in its place."""
        table, number = self.place(trial_id)
        old = table.trials[number]
        if old.state.is_finished():
            raise finished_error(number)
        table.trials[number] = new = old.__copy__()
        return new

    def set_param(
        self, trial_id: int, name: str, internal: float, distribution: BaseDistribution
    ) -> None:
        """Set a parameter of a trial."""
        table, number = self.place(trial_id)
        old = table.trials[number]
        if old.state is not _RUNNING and old.state.is_finished():
            raise finished_error(number)
        known = table.distributions.get(name)
        if known is not distribution:
            if known is not None:
                check_distribution_compatibility(known, distribution)
            table.distributions[name] = distribution
        new = old.__copy__()
        new.params = {**old.params, name: distribution.to_external_repr(internal)}
        new.distributions = {**old.distributions, name: distribution}
        table.trials[number] = new

    def set_state(
        self,
        trial_id: int,
        state: TrialState,
        values: Sequence[float] | None,
        now: datetime.datetime | None = None,
    ) -> bool:
        """Set where a trial is; false where it runs already and was to run."""
        table, number = self.place(trial_id)
        old = table.trials[number]
        if old.state is not _RUNNING and old.state.is_finished():
            raise finished_error(number)
        if state is TrialState.RUNNING and old.state is not TrialState.WAITING:
            return False
        new = old.__copy__()
        new.state = state
        if values is not None:
            new.values = values
        if state is TrialState.RUNNING:
            new.datetime_start = now or datetime.datetime.now()
        elif state.is_finished():
            new.datetime_complete = now or datetime.datetime.now()
        else:
            table.first_waiting = min(table.first_waiting, number)
        table.trials[number] = new
        table.note_best(new)
        return True

    def set_report(self, trial_id: int, step: int, value: float) -> None:
        """Set the value of a trial at a step."""
        trial = self._change(trial_id)
        trial.intermediate_values = {**trial.intermediate_values, step: value}

    def set_attr(self, trial_id: int, kind: str, key: str, value: Any) -> None:
        """Note something about a trial; `kind` is "user_attrs" or "system_attrs"."""
        trial = self._change(trial_id)
        setattr(trial, kind, {**getattr(trial, kind), key: value})

    def select(self, study_id: int, states: Container[TrialState] | None) -> list[FrozenTrial]:
        """Return the trials of a study in some states, by number."""
        table = self.study(study_id)
        if states is None:
            return table.trials.copy()
        if states == WAITING:
            return table.waiting()
        return [t for t in table.trials if t.state in states]

    def best(self, study_id: int) -> FrozenTrial:
        """Return the best complete trial of a study with one objective."""
        table = self.study(study_id)
        if table.best is None:
            raise ValueError("No trials are completed yet.")
        if len(table.record.directions) > 1:
            raise RuntimeError("Best trial can be obtained only for single-objective optimization.")
        return table.trials[table.best]
