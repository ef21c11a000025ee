"""The storage contract in SQL: one set of tables and statements for every database."""

from __future__ import annotations

import contextlib
import itertools
import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from ..errors import StorageDamagedError, StudyExistsError, StudyNotFoundError, TrialError
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import transitions
from .base import Changes, Storage, StudyRecord, no_study
from .checksums import UNREADABLE, checksum_report, checksum_study, checksum_trial
from .codec import encode_body, to_json, value_to_column
from .paging import MOST_ROWS, STUDIES, find_end
from .settings import decode_spec
from .table_rows import read_report, read_study, read_trial

_COLUMNS = "number, state, token, lease_s, retries, body, checksum"
_REPORT_COLUMNS = "number, step, value, checksum"
_AT_ONCE = 500  # trials that one statement names
_SELECT_REVISION = "SELECT revision FROM luthier_studies WHERE id = ?"
_SELECT_REPORTS = f"SELECT {_REPORT_COLUMNS} FROM luthier_reports WHERE study = ?"
SELECT_TRIAL = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND number = ?"

_SELECT_HEAD = "SELECT name, title, created_s, spec_revision FROM luthier_studies WHERE id = ?"
_UPDATE_SPEC = "UPDATE luthier_studies SET spec = ?, checksum = ?, spec_revision = ? WHERE id = ?"
_SELECT_NEWS = """
SELECT revision, n_trials, CASE WHEN spec_revision > ? THEN spec END
FROM luthier_studies WHERE id = ?
"""

_INSERT_STUDY = """
INSERT INTO luthier_studies (name, title, spec, created_s, checksum) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name) DO NOTHING RETURNING id
"""
_RAISE_REVISION = """
UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + ?
WHERE id = ? RETURNING revision, n_trials
"""
_RAISE_REVISION_IF = """
UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + ?
WHERE id = ? AND n_trials = ? RETURNING revision, n_trials
"""
_LOWER_REVISION = """
UPDATE luthier_studies SET revision = revision - 1, n_trials = n_trials - ? WHERE id = ?
"""
_UPDATE_TRIAL = """
UPDATE luthier_trials
SET revision = ?, state = ?, token = ?, lease_s = ?, retries = ?, body = ?, checksum = ?
WHERE study = ? AND number = ?
"""
_INSERT_TRIAL = "INSERT INTO luthier_trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EXTEND_LEASE = """
UPDATE luthier_trials SET lease_s = ?
WHERE study = ? AND number = ? AND token = ? AND state = 1
"""

_Reports = dict[int, list[tuple[float, ReportValue]]]


class Cursor(Protocol):
    """Result of a statement."""

    @property
    def rowcount(self) -> int:
        """Number of rows that the statement has changed."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> Sequence[Any]:
        """Return all further rows."""

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the further rows."""


class Transaction(Protocol):
    """Several statements that happen at once or not at all; '?' stands for an argument."""

    def execute(self, statement: str, args: Any = ..., /) -> Cursor:
        """Run a statement."""

    def executemany(self, statement: str, args: Iterable[Any], /) -> Cursor:
        """Run a statement for each of several sets of arguments."""


class Relational(Storage):
    """Studies in tables; a subclass connects to a database.

    Every verb that raises a study's revision does so before it reads anything else: that locks the
    study's row, so that writers of one study come one after the other, and always in the same
    order. The clock is read before that.
    """

    _UPSERT_REPORT = """
    INSERT INTO luthier_reports VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (study, number, step)
    DO UPDATE SET value = excluded.value, revision = excluded.revision,
    checksum = excluded.checksum
    """

    @abstractmethod
    def _write(self) -> contextlib.AbstractContextManager[Transaction]:
        """Begin a transaction that may write; it commits at the end, and rolls back on an error."""

    @abstractmethod
    def _read(self) -> contextlib.AbstractContextManager[Transaction]:
        """Begin a transaction that sees one moment."""

    @abstractmethod
    def _query_one(self, statement: str, args: Sequence[Any]) -> Any:
        """Return the first row of a query, or None, without the cost of a transaction."""

    @contextlib.contextmanager
    def _refuse_unreadable(self, db: Transaction, study: int) -> Iterator[None]:
        """Raise StorageDamagedError, with the study's name, where its content makes no sense."""
        try:
            yield
        except UNREADABLE as e:
            name: Any = study
            with contextlib.suppress(Exception):  # of the damage this is the lesser part
                name = self._read_name(db, study)
            raise StorageDamagedError(
                f"study {name!r} in {self!r} is damaged ({e!s:.500}); 'luthier storage check' says "
                "what can be saved"
            ) from e

    def _read_name(self, db: Transaction, study: int) -> Any:
        key, title, *_ = db.execute(_SELECT_HEAD, (study,)).fetchone()
        return key if title is None else msgspec.json.decode(title)

    def _study_key(self, name: str) -> tuple[str, str | None]:
        """Return what a study is found by, and its name as JSON if that is not the name."""
        return name, None

    def _column(self, value: ReportValue) -> float | str:
        """Return a reported value as the tables hold it."""
        return value_to_column(value)

    def _insert_study(self, db: Transaction, record: tuple[Any, ...]) -> int | None:
        """Add a study and return its id; None if its name is taken."""
        found = db.execute(_INSERT_STUDY, record).fetchone()
        return None if found is None else int(found[0])

    def _raise_revision(
        self, db: Transaction, study: int, n_new: int = 0, expected: int | None = None
    ) -> tuple[int, int] | None:
        """Raise the revision of a study, which locks it.

        Args:
            db: The transaction.
            study: The study's id.
            n_new: How many trials are added.
            expected: Do so only if the study has this many trials.

        Returns:
            The revision, and how many trials there are now; None where nothing was done.
        """
        if expected is None:
            found = db.execute(_RAISE_REVISION, (n_new, study)).fetchone()
        else:
            found = db.execute(_RAISE_REVISION_IF, (n_new, study, expected)).fetchone()
        return None if found is None else (int(found[0]), int(found[1]))

    def _lock_study(self, db: Transaction, study: int) -> int:
        """Raise the revision of a study, which locks it, and return the revision.

        Raises:
            StudyNotFoundError: The study was deleted.
        """
        raised = self._raise_revision(db, study)
        if raised is None:
            raise StudyNotFoundError("the study was deleted")
        return raised[0]

    @staticmethod
    def _lower_revision(db: Transaction, study: int, revision: int, n_new: int = 0) -> int:
        """Undo `_raise_revision`, as there is nothing to write, and return the revision then."""
        db.execute(_LOWER_REVISION, (n_new, study))
        return revision - 1

    # -- studies

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now = self.now()
        key, title = self._study_key(name)
        with self._write() as db:
            text = to_json(spec)
            columns = (key, title, text, now)
            study = self._insert_study(db, (*columns, checksum_study(*columns)))
        if study is None:
            raise StudyExistsError(
                f"study {name!r} exists in {self}; load it, or pass load_if_exists=True"
            )
        return StudyRecord(study, name, dict(spec), now)

    def study(self, name: str) -> StudyRecord:
        with self._read() as db:
            records = self._read_studies(db, "WHERE name = ?", (self._study_key(name)[0],))
            if not records:
                names = [r.name for r in self._read_studies(db, "", (), "LIMIT 20")]
                raise no_study(name, names, f" in {self}")
        return records[0]

    def studies(self) -> list[StudyRecord]:
        with self._read() as db:
            return self._read_studies(db)

    def page_of_studies(self, first: int = 0) -> list[StudyRecord]:
        with self._read() as db:
            return self._read_studies(db, "WHERE id >= ?", (first,), f"LIMIT {STUDIES}")

    def _read_studies(
        self, db: Transaction, where: str = "", args: tuple[Any, ...] = (), limit: str = ""
    ) -> list[StudyRecord]:
        columns = "id, name, title, spec, created_s, checksum"
        found = db.execute(
            f"SELECT {columns} FROM luthier_studies {where} ORDER BY id {limit}", args
        ).fetchall()
        count = "SELECT state, count(*) FROM luthier_trials WHERE study = ? GROUP BY state"
        return [read_study(row, db.execute(count, (row[0],)).fetchall()) for row in found]

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        with self._write() as db:
            revision = self._lock_study(db, study)
            key, title, created_s, replaced = db.execute(_SELECT_HEAD, (study,)).fetchone()
            if expected is not None and int(replaced) > expected:
                self._lower_revision(db, study, revision)
                return False
            text = to_json(spec)
            checksum = checksum_study(key, title, text, created_s)
            db.execute(_UPDATE_SPEC, (text, checksum, revision, study))
        return True

    def delete_study(self, study: int) -> None:
        with self._write() as db:
            self._lock_study(db, study)
            for table, column in (("reports", "study"), ("trials", "study"), ("studies", "id")):
                db.execute(f"DELETE FROM luthier_{table} WHERE {column} = ?", (study,))

    # -- trials

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        # Before the lock, so that nobody has to wait for it.
        bodies = [encode_body(row) for row in rows]
        until = self.now() + self.lease_s
        with self._write() as db:
            raised = self._raise_revision(db, study, len(rows), expected)

            # A study that has as many trials as expected has not seen this call.
            if call is not None and (raised is None or expected is None):
                first = self._find_call(db, study, call)
                if first is not None:
                    if raised is not None:
                        self._lower_revision(db, study, raised[0], len(rows))
                    return first, self._read_revision(db, study)
            if raised is None:
                return -1, self._read_revision(db, study)

            revision, n_trials = raised
            first = n_trials - len(rows)
            trials: list[tuple[Any, ...]] = []
            reports: list[tuple[Any, ...]] = []
            for number, row, body in zip(itertools.count(first), rows, bodies):
                token, lease_s = transitions.first_lease(row.state, until)
                state = int(row.state)
                request = call if number == first else None
                checksum = checksum_trial(study, number, state, token, row.retries, body)
                columns = (revision, state, token, lease_s, row.retries, body, request, checksum)
                trials.append((study, number, *columns))
                reports += [self._report(study, number, *r, revision) for r in row.reports]
            db.executemany(_INSERT_TRIAL, trials)
            if reports:
                db.executemany(self._UPSERT_REPORT, reports)
        return first, revision

    def _report(
        self, study: int, number: int, step: float, value: ReportValue, revision: int
    ) -> tuple[Any, ...]:
        """Return a report as the tables hold it."""
        column = self._column(value)
        checksum = checksum_report(study, number, step, column)
        return study, number, step, column, revision, checksum

    @staticmethod
    def _find_call(db: Transaction, study: int, call: str) -> int | None:
        """Return the first trial that a call has added, if it has added any."""
        query = "SELECT number FROM luthier_trials WHERE study = ? AND request = ?"
        found = db.execute(query, (study, call)).fetchone()
        return None if found is None else int(found[0])

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
        now = self.now()
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = transitions.claim(
                self._read_trial(db, study, number),
                worker,
                now,
                self.lease_s,
                self.max_retries,
                turn,
                token,
                checkpoints,
            )
            if row is None:
                return None, self._lower_revision(db, study, revision)
            self._update_trial(db, study, row, revision)
            if row.state != State.RUNNING:
                return None, revision
            reports = self._read_reports(db, study, [number]).get(number, ())
        return replace(row, reports=tuple(reports)), revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        until = self.now() + self.lease_s
        with self._write() as db:
            self._read_revision(db, study)
            db.executemany(
                _EXTEND_LEASE,
                [(until, study, number, token) for number, token in sorted(tokens.items())],
            )

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
        until = self.now() + self.lease_s
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = self._read_held_trial(db, study, number, token)
            db.execute(self._UPSERT_REPORT, self._report(study, number, step, value, revision))
            row, changed = transitions.report(row, until, checkpoints, params)
            if changed:
                self._update_trial(db, study, row, revision)
            else:
                db.execute(_EXTEND_LEASE, (until, study, number, token))
        return revision

    def finish(self, study: int, row: TrialRow) -> int:
        with self._write() as db:
            revision = self._lock_study(db, study)
            ended = transitions.finish(row, self._read_trial(db, study, row.number))
            if ended is None:
                return self._lower_revision(db, study, revision)
            self._update_trial(db, study, ended, revision)
        return revision

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        now = self.now()
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = self._read_held_trial(db, study, number, token)
            row = transitions.release(row, retried, self.max_retries, now)
            self._update_trial(db, study, row, revision)
        return revision

    def retry(self, study: int, number: int, token: int) -> None:
        with self._write() as db:
            revision = self._lock_study(db, study)
            row = transitions.retry(self._read_trial(db, study, number), token)
            self._update_trial(db, study, row, revision)

    def changes(self, study: int, since: int) -> Changes:
        if self._query_one(_SELECT_REVISION, (study,)) == (since,):
            return Changes(since, (), ())

        with self._read() as db:
            return self._read_changes(db, study, since, None)

    def page_of_changes(self, study: int, since: int) -> Changes:
        new = f"WHERE study = ? AND revision > ? ORDER BY revision LIMIT {MOST_ROWS + 1}"
        with self._read() as db:
            trials, reports = (
                db.execute(f"SELECT {what} {new}", (study, since)).fetchall()
                for what in (
                    "revision, length(body) FROM luthier_trials",
                    "revision FROM luthier_reports",
                )
            )
            sizes = [(int(revision), int(size)) for revision, size in trials]
            end = find_end(sizes, [int(revision) for (revision,) in reports])
            return self._read_changes(db, study, since, end)

    def _read_changes(self, db: Transaction, study: int, since: int, end: int | None) -> Changes:
        """Return what is new since a revision, up to another one; None for the last."""
        new = "WHERE study = ? AND revision > ?"
        args = [study, since]
        if end is not None:
            new += " AND revision <= ?"
            args.append(end)
        is_all = not since and end is None
        found = db.execute(_SELECT_NEWS, (since, study))
        if not is_all:  # by number, and not by an index on it: few of the trials are new
            trials = db.execute(
                f"SELECT {_COLUMNS} FROM luthier_trials {new} ORDER BY +number", args
            )
        reports = db.execute(
            f"SELECT {_REPORT_COLUMNS} FROM luthier_reports {new} ORDER BY revision, number, step",
            args,
        )
        news = found.fetchone()
        if news is None:
            raise StudyNotFoundError("the study was deleted")
        revision, n_trials, spec = news
        with self._refuse_unreadable(db, study):
            if revision < since:
                raise ValueError(
                    f"what had been acknowledged is lost: it was at revision {since}, and is at "
                    f"{revision}"
                )
            rows = (
                self._read_all(db, study, {}) if is_all else [read_trial(study, r) for r in trials]
            )
            return Changes(
                int(revision) if end is None else end,
                rows,
                [read_report(study, r, n_trials) for r in reports],
                None if spec is None else decode_spec(spec),
                is_last=end is None,
            )

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        with self._read() as db:
            self._read_revision(db, study)
            if numbers is None:
                return self._read_all(db, study, self._read_reports(db, study))
            found: dict[int, TrialRow] = {}
            for i in range(0, len(numbers), _AT_ONCE):
                some = numbers[i : i + _AT_ONCE]
                reports = self._read_reports(db, study, some)
                query = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND {_among(some)}"
                rows = db.execute(query, (study, *some))
                with self._refuse_unreadable(db, study):
                    found.update(
                        (r[0], read_trial(study, r, tuple(reports.get(r[0], ())))) for r in rows
                    )
        for number in numbers:
            transitions.require_trial(number, found)
        return [found[number] for number in numbers]

    def salvage(self, study: int, number: int) -> tuple[TrialRow | None, int]:
        reports = []
        n_damaged = 0
        with self._read() as db:
            try:
                row = self._read_trial(db, study, number)
            except (StorageDamagedError, TrialError):
                return None, 0
            for record in db.execute(f"{_SELECT_REPORTS} AND number = ?", (study, number)):
                try:
                    report = read_report(study, record)
                    reports.append((report.step, report.value))
                except UNREADABLE:
                    n_damaged += 1
        return replace(row, reports=tuple(sorted(reports))), n_damaged

    def _read_all(self, db: Transaction, study: int, reports: _Reports) -> list[TrialRow]:
        """Return all trials, with these reports; none may be missing."""
        query = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? ORDER BY number"
        found = db.execute(query, (study,))
        with self._refuse_unreadable(db, study):
            rows = [read_trial(study, r, tuple(reports.get(r[0], ()))) for r in found]
            (n,) = db.execute(
                "SELECT n_trials FROM luthier_studies WHERE id = ?", (study,)
            ).fetchone()
            if len(rows) != n or any(row.number != i for i, row in enumerate(rows)):
                raise ValueError(f"{len(rows)} of {n} trials are there")
        return rows

    def _read_reports(
        self, db: Transaction, study: int, numbers: Sequence[int] | None = None
    ) -> _Reports:
        """Return the reports of all trials, or of some, by step."""
        some = "" if numbers is None else f"AND {_among(numbers)}"
        query = f"{_SELECT_REPORTS} {some} ORDER BY number, step"
        reports: _Reports = {}
        last = (-1, -math.inf)
        with self._refuse_unreadable(db, study):
            for row in db.execute(query, (study, *(numbers or ()))):
                report = read_report(study, row)
                place = (report.number, report.step)
                if place <= last and report.step > -math.inf:
                    raise ValueError(f"reports of trial {report.number} are out of order")
                last = place
                reports.setdefault(report.number, []).append((report.step, report.value))
        return reports

    def _read_trial(self, db: Transaction, study: int, number: int) -> TrialRow:
        """Return a trial without its reports."""
        found = db.execute(SELECT_TRIAL, (study, number)).fetchone()
        if found is None:
            self._read_revision(db, study)
            transitions.require_trial(number, ())
        with self._refuse_unreadable(db, study):
            return read_trial(study, found)

    def _read_held_trial(self, db: Transaction, study: int, number: int, token: int) -> TrialRow:
        """Return a trial without its reports, if a worker with this token holds it."""
        row = self._read_trial(db, study, number)
        transitions.require_token(row, token)
        return row

    @staticmethod
    def _update_trial(db: Transaction, study: int, row: TrialRow, revision: int) -> None:
        body = encode_body(row)
        state = int(row.state)
        checksum = checksum_trial(study, row.number, state, row.token, row.retries, body)
        columns = (revision, state, row.token, row.lease_s, row.retries, body, checksum)
        db.execute(_UPDATE_TRIAL, (*columns, study, row.number))

    @staticmethod
    def _read_revision(db: Transaction, study: int) -> int:
        found = db.execute(_SELECT_REVISION, (study,)).fetchone()
        if found is None:
            raise StudyNotFoundError("the study was deleted")
        return int(found[0])


def _among(numbers: Sequence[int]) -> str:
    """Return the condition that a trial is one of these, whose numbers are arguments."""
    return f"number IN ({', '.join('?' * len(numbers))})"
