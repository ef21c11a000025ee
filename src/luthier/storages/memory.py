"""Studies in this process's memory: the fastest storage, lost when the process ends."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ..errors import StudyExistsError, StudyNotFoundError
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import transitions
from .base import Changes, Report, Storage, StudyRecord, TurnedOver, no_study
from .codec import encode_body
from .forks import ForkAware, follow_forks
from .paging import MOST_ROWS, find_end

_Change = tuple[int, float | None]  # a trial, and the step of a report if it was one


class _Table:
    """One study: its trials, its reports, and in which order they changed.

    Attributes:
        record: The study's record, without counts.
        rows: The trials without their reports, by number.
        reports: The reports of each trial, by step.
        changes: What each revision has changed: entry r led to revision r + 1.
        calls: The first trial that each call has added, by the call's name.
        spec_revision: The revision to which the last change of the spec led.
    """

    def __init__(self, record: StudyRecord) -> None:
        self.record = record
        self.rows: list[TrialRow] = []
        self.reports: dict[int, dict[float, ReportValue]] = {}
        self.changes: list[tuple[_Change, ...]] = []
        self.calls: dict[str, int] = {}
        self.spec_revision = 0

    @property
    def revision(self) -> int:
        return len(self.changes)

    def row(self, number: int) -> TrialRow:
        """Return a trial without its reports."""
        transitions.require_trial(number, range(len(self.rows)))
        return self.rows[number]

    def put(self, row: TrialRow) -> int:
        """Replace a trial and return the new revision."""
        self.rows[row.number] = row
        self.changes.append(((row.number, None),))
        return self.revision

    def with_reports(self, row: TrialRow) -> TrialRow:
        """Return a trial with its reports, in dictionaries of its own."""
        reports = tuple(sorted(self.reports.get(row.number, {}).items()))
        return replace(row, reports=reports, params=dict(row.params), tags=dict(row.tags))


class InMemory(Storage, ForkAware):
    """Studies in memory, safe for threads.

    Args:
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
    """

    shared = False

    def __init__(self, lease_s: float = 60.0, max_retries: int = 2) -> None:
        super().__init__(lease_s, max_retries)
        self._tables: dict[int, _Table] = {}
        self._next_id = 1
        self._lock = threading.RLock()
        follow_forks(self)

    def before_fork(self) -> None:
        self._lock.acquire()

    def after_fork(self, in_child: bool) -> None:
        self._lock.release()

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        with self._lock:
            if any(t.record.name == name for t in self._tables.values()):
                raise StudyExistsError(
                    f"study {name!r} exists; load it, or pass load_if_exists=True"
                )
            record = StudyRecord(self._next_id, name, dict(spec), self.now())
            self._tables[self._next_id] = _Table(record)
            self._next_id += 1
            return record

    def study(self, name: str) -> StudyRecord:
        records = self.studies()
        for record in records:
            if record.name == name:
                return record
        raise no_study(name, [r.name for r in records])

    def studies(self) -> list[StudyRecord]:
        with self._lock:
            records = []
            for table in self._tables.values():
                counts = Counter(int(row.state) for row in table.rows)
                records.append(replace(table.record, counts=dict(sorted(counts.items()))))
            return records

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        with self._lock:
            table = self._table(study)
            if expected is not None and table.spec_revision > expected:
                return False
            table.record = replace(table.record, spec=dict(spec))
            table.changes.append(())
            table.spec_revision = table.revision
            return True

    def delete_study(self, study: int) -> None:
        with self._lock:
            self._table(study)
            del self._tables[study]

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        with self._lock:
            table = self._table(study)
            first = len(table.rows)
            if call in table.calls:
                return table.calls[call], table.revision
            if expected is not None and expected != first:
                return -1, table.revision
            if call is not None and rows:
                table.calls[call] = first

            until = self.now() + self.lease_s
            changes: list[_Change] = []
            for number, row in enumerate(rows, first):
                token, lease_s = transitions.first_lease(row.state, until)
                table.rows.append(
                    replace(row, number=number, token=token, lease_s=lease_s, reports=())
                )
                changes.append((number, None))
                if row.reports:
                    table.reports[number] = dict(row.reports)
                    changes += [(number, step) for step, _ in row.reports]
            table.changes.append(tuple(changes))
            return first, table.revision

    def claim(
        self,
        study: int,
        number: int,
        worker: str,
        *,
        turn: Turn | None = None,
        token: int | None = None,
        checkpoints: tuple[dict[str, Any], ...] = (),
    ) -> tuple[TrialRow | None, int]:
        with self._lock:
            table = self._table(study)
            row = transitions.claim(
                table.row(number),
                worker,
                self.now(),
                self.lease_s,
                self.max_retries,
                turn,
                token,
                checkpoints,
            )
            if row is None:
                return None, table.revision
            claimed = table.with_reports(row) if row.state == State.RUNNING else None
            return claimed, table.put(row)

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        with self._lock:
            table = self._table(study)
            until = self.now() + self.lease_s
            for number, token in tokens.items():
                row = table.row(number)
                if row.token == token and row.state == State.RUNNING:
                    table.rows[number] = replace(row, lease_s=until)

    def report(
        self,
        study: int,
        number: int,
        token: int,
        step: float,
        value: ReportValue,
        checkpoints: tuple[dict[str, Any], ...] | None,
        params: dict[str, Any],
    ) -> int:
        with self._lock:
            table = self._table(study)
            row = table.row(number)
            transitions.require_token(row, token)
            until = self.now() + self.lease_s
            row, changed = transitions.report(row, until, checkpoints, params)
            table.rows[number] = row
            table.reports.setdefault(number, {})[step] = value
            table.changes.append(((number, step), (number, None)) if changed else ((number, step),))
            return table.revision

    def finish(self, study: int, row: TrialRow) -> int:
        with self._lock:
            table = self._table(study)
            ended = transitions.finish(row, table.row(row.number))
            return table.revision if ended is None else table.put(ended)

    def turn_over(
        self,
        study: int,
        row: TrialRow | None,
        offers: Sequence[TrialRow],
        since: int,
    ) -> TurnedOver:
        with self._lock:
            return super().turn_over(study, row, offers, since)

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        with self._lock:
            table = self._table(study)
            row = table.row(number)
            transitions.require_token(row, token)
            return table.put(transitions.release(row, retried, self.max_retries, self.now()))

    def retry(self, study: int, number: int, token: int) -> None:
        with self._lock:
            table = self._table(study)
            table.put(transitions.retry(table.row(number), token))

    def changes(self, study: int, since: int) -> Changes:
        return self._read_changes(study, since, None)

    def page_of_changes(self, study: int, since: int) -> Changes:
        trials: list[tuple[int, int]] = []
        reports: list[int] = []
        with self._lock:
            table = self._table(study)
            for revision, changes in enumerate(table.changes[since:], since + 1):
                for number, step in changes:
                    if step is None:
                        trials.append((revision, len(encode_body(table.rows[number]))))
                    else:
                        reports.append(revision)
                if max(len(trials), len(reports)) > MOST_ROWS:
                    break
            return self._read_changes(study, since, find_end(trials, reports))

    def _read_changes(self, study: int, since: int, end: int | None) -> Changes:
        """Return what is new since a revision, up to another one; None for the last."""
        with self._lock:
            table = self._table(study)
            if since == table.revision:
                return Changes(since, (), ())
            changed: set[int] = set()
            latest: dict[tuple[int, float], int] = {}  # a report, and the last revision of it
            for revision, changes in enumerate(table.changes[since:end]):
                for number, step in changes:
                    if step is None:
                        changed.add(number)
                    else:
                        latest[number, step] = revision

            in_order = sorted((revision, *report) for report, revision in latest.items())
            return Changes(
                table.revision if end is None else end,
                [table.rows[i] for i in sorted(changed)],
                [Report(i, step, table.reports[i][step]) for _, i, step in in_order],
                table.record.spec if table.spec_revision > since else None,
                is_last=end is None,
            )

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        with self._lock:
            table = self._table(study)
            rows = table.rows if numbers is None else [table.row(i) for i in numbers]
            return [table.with_reports(row) for row in rows]

    def _table(self, study: int) -> _Table:
        if study not in self._tables:
            raise StudyNotFoundError("the study was deleted")
        return self._tables[study]
