"""Studies in this process's memory: the fastest storage, gone when the process ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ..errors import StudyExistsError, StudyNotFoundError
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import transitions
from .base import Changes, Report, Storage, StudyRecord

_Change = tuple[int, float | None]  # a trial, and the step of a report if it was one


class _Table:
    """One study: its trials, its reports, and in which order they changed."""

    def __init__(self, record: StudyRecord) -> None:
        self.record = record
        self.rows: list[TrialRow] = []
        self.reports: dict[int, dict[float, ReportValue]] = {}
        self.changed: list[tuple[_Change, ...]] = []  # entry r made revision r + 1
        self.calls: dict[str, int] = {}  # the first trial that a call has added

    def row(self, number: int) -> TrialRow:
        transitions.require_trial(number, range(len(self.rows)))
        return self.rows[number]

    def put(self, row: TrialRow) -> int:
        self.rows[row.number] = row
        self.changed.append(((row.number, None),))
        return len(self.changed)

    def full(self, row: TrialRow) -> TrialRow:
        reports = tuple(sorted(self.reports.get(row.number, {}).items()))
        return replace(row, reports=reports, params=dict(row.params), tags=dict(row.tags))


class Memory(Storage):
    """Studies in memory, safe for threads.

    Args:
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
    """

    shared = False

    def __init__(self, lease_s: float = 60.0, max_retries: int = 2) -> None:
        super().__init__(lease_s, max_retries)
        self._tables: dict[int, _Table] = {}
        self._next = 1
        self._lock = threading.RLock()

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        with self._lock:
            if any(t.record.name == name for t in self._tables.values()):
                raise StudyExistsError(
                    f"study {name!r} exists; load it, or pass load_if_exists=True"
                )
            record = StudyRecord(self._next, name, dict(spec), self.now())
            self._tables[self._next] = _Table(record)
            self._next += 1
            return record

    def study(self, name: str) -> StudyRecord:
        for record in self.studies():
            if record.name == name:
                return record
        raise StudyNotFoundError(f"no study {name!r}; there are {[r.name for r in self.studies()]}")

    def studies(self) -> list[StudyRecord]:
        with self._lock:
            out = []
            for t in self._tables.values():
                states = [r.state for r in t.rows]
                out.append(
                    replace(
                        t.record, counts={s.value: states.count(s) for s in State if s in states}
                    )
                )
            return out

    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        with self._lock:
            table = self._table(study)
            table.record = replace(table.record, spec=dict(spec))

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
                return table.calls[call], len(table.changed)
            if expected is not None and expected != first:
                return -1, len(table.changed)
            if call is not None and rows:
                table.calls[call] = first
            changed: list[_Change] = []
            for number, row in enumerate(rows, first):
                token, lease_s = (
                    (1, self.now() + self.lease_s) if row.state == State.RUNNING else (0, 0.0)
                )
                table.rows.append(
                    replace(row, number=number, token=token, lease_s=lease_s, reports=())
                )
                changed.append((number, None))
                if row.reports:
                    table.reports[number] = dict(row.reports)
                    changed += [(number, step) for step, _ in row.reports]
            table.changed.append(tuple(changed))
            return first, len(table.changed)

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
                return None, len(table.changed)
            claimed = table.full(row) if row.state == State.RUNNING else None
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
            row = self._held(table, number, token)
            table.reports.setdefault(number, {})[step] = value
            until = self.now() + self.lease_s
            table.rows[number], changed = transitions.report(row, until, checkpoints, params)
            table.changed.append(((number, step), (number, None)) if changed else ((number, step),))
            return len(table.changed)

    def finish(self, study: int, row: TrialRow) -> int:
        with self._lock:
            table = self._table(study)
            ended = transitions.finish(row, table.row(row.number))
            return len(table.changed) if ended is None else table.put(ended)

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        with self._lock:
            table = self._table(study)
            row = self._held(table, number, token)
            return table.put(transitions.release(row, retried, self.max_retries, self.now()))

    def changes(self, study: int, since: int) -> Changes:
        with self._lock:
            table = self._table(study)
            new = [
                (r, *change)
                for r, changes in enumerate(table.changed[since:])
                for change in changes
            ]
            numbers = sorted({number for _, number, step in new if step is None})
            latest = {(number, step): r for r, number, step in new if step is not None}
            told = sorted((r, number, step) for (number, step), r in latest.items())
            reports = [
                Report(number, step, table.reports[number][step]) for _, number, step in told
            ]
            return Changes(len(table.changed), [table.rows[i] for i in numbers], reports)

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        with self._lock:
            table = self._table(study)
            return [
                table.full(r)
                for r in (table.rows if numbers is None else [table.row(i) for i in numbers])
            ]

    def _table(self, study: int) -> _Table:
        if study not in self._tables:
            raise StudyNotFoundError("the study was deleted")
        return self._tables[study]

    def _held(self, table: _Table, number: int, token: int) -> TrialRow:
        row = table.row(number)
        transitions.require_token(row, token)
        return row
