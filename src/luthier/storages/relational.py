"""The storage contract in SQL: one set of tables and statements for every database."""

from __future__ import annotations

import contextlib
import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from ..errors import StudyExistsError, StudyNotFoundError
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import transitions
from .base import Changes, Report, Storage, StudyRecord
from .codec import decode_trial, encode_body, to_json, value_from_column, value_to_column

_COLUMNS = "number, state, token, lease_s, retries, body"
_AT_ONCE = 500  # trials that one statement names
_SELECT_REVISION = "SELECT revision FROM luthier_studies WHERE id = ?"
SELECT_TRIAL = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND number = ?"

_SELECT_SPEC_REVISION = "SELECT spec_revision FROM luthier_studies WHERE id = ?"
_UPDATE_SPEC = "UPDATE luthier_studies SET spec = ?, spec_revision = ? WHERE id = ?"
_SELECT_NEWS = """
SELECT revision, CASE WHEN spec_revision > ? THEN spec END FROM luthier_studies WHERE id = ?
"""

_INSERT_STUDY = """
INSERT INTO luthier_studies (name, title, spec, created_s) VALUES (?, ?, ?, ?)
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
SET revision = ?, state = ?, token = ?, lease_s = ?, retries = ?, body = ?
WHERE study = ? AND number = ?
"""
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
    INSERT INTO luthier_reports VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (study, number, step)
    DO UPDATE SET value = excluded.value, revision = excluded.revision
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

    @abstractmethod
    def _refuse_unreadable(self) -> contextlib.AbstractContextManager[None]:
        """Raise StorageDamagedError where the content cannot be read as a trial."""

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
            study = self._insert_study(db, (key, title, to_json(spec), now))
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
                raise StudyNotFoundError(f"no study {name!r} in {self}; there are {names}")
        return records[0]

    def studies(self) -> list[StudyRecord]:
        with self._read() as db:
            return self._read_studies(db)

    def _read_studies(
        self, db: Transaction, where: str = "", args: tuple[Any, ...] = (), limit: str = ""
    ) -> list[StudyRecord]:
        columns = "id, name, title, spec, created_s"
        found = db.execute(
            f"SELECT {columns} FROM luthier_studies {where} ORDER BY id {limit}", args
        ).fetchall()
        count = "SELECT state, count(*) FROM luthier_trials WHERE study = ? GROUP BY state"
        with self._refuse_unreadable():
            return [
                StudyRecord(
                    study,
                    name if title is None else msgspec.json.decode(title),
                    msgspec.json.decode(spec),
                    created_s,
                    {int(state): int(n) for state, n in db.execute(count, (study,)).fetchall()},
                )
                for study, name, title, spec, created_s in found
            ]

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        with self._write() as db:
            revision = self._lock_study(db, study)
            (replaced,) = db.execute(_SELECT_SPEC_REVISION, (study,)).fetchone()
            if expected is not None and int(replaced) > expected:
                self._lower_revision(db, study, revision)
                return False
            db.execute(_UPDATE_SPEC, (to_json(spec), revision, study))
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
                request = call if number == first else None
                columns = (revision, int(row.state), token, lease_s, row.retries, body, request)
                trials.append((study, number, *columns))
                reports += [
                    (study, number, step, self._column(value), revision)
                    for step, value in row.reports
                ]
            db.executemany("INSERT INTO luthier_trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", trials)
            if reports:
                db.executemany(self._UPSERT_REPORT, reports)
        return first, revision

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
            db.execute(self._UPSERT_REPORT, (study, number, step, self._column(value), revision))
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

        new = "WHERE study = ? AND revision > ? ORDER BY"
        with self._read() as db:
            found = db.execute(_SELECT_NEWS, (since, study))
            if since:  # by number, and not by an index on it: few of the trials are new
                trials = db.execute(
                    f"SELECT {_COLUMNS} FROM luthier_trials {new} +number", (study, since)
                )
            reports = db.execute(
                f"SELECT number, step, value FROM luthier_reports {new} revision, number, step",
                (study, since),
            )
            news = found.fetchone()
            if news is None:
                raise StudyNotFoundError("the study was deleted")
            revision, spec = news
            with self._refuse_unreadable():
                return Changes(
                    int(revision),
                    [decode_trial(r) for r in trials] if since else self._read_all(db, study, {}),
                    [Report(n, step, value_from_column(value)) for n, step, value in reports],
                    None if spec is None else msgspec.json.decode(spec),
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
                with self._refuse_unreadable():
                    found.update(
                        (r[0], decode_trial(r, tuple(reports.get(r[0], ())))) for r in rows
                    )
        for number in numbers:
            transitions.require_trial(number, found)
        return [found[number] for number in numbers]

    def _read_all(self, db: Transaction, study: int, reports: _Reports) -> list[TrialRow]:
        """Return all trials, with these reports; none may be missing."""
        query = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? ORDER BY number"
        found = db.execute(query, (study,))
        with self._refuse_unreadable():
            rows = [decode_trial(r, tuple(reports.get(r[0], ()))) for r in found]
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
        query = (
            f"SELECT number, step, value FROM luthier_reports WHERE study = ? {some} "
            "ORDER BY number, step"
        )
        reports: _Reports = {}
        with self._refuse_unreadable():
            for number, step, value in db.execute(query, (study, *(numbers or ()))):
                reports.setdefault(number, []).append((step, value_from_column(value)))
        return reports

    def _read_trial(self, db: Transaction, study: int, number: int) -> TrialRow:
        """Return a trial without its reports."""
        found = db.execute(SELECT_TRIAL, (study, number)).fetchone()
        if found is None:
            self._read_revision(db, study)
            transitions.require_trial(number, ())
        with self._refuse_unreadable():
            return decode_trial(found)

    def _read_held_trial(self, db: Transaction, study: int, number: int, token: int) -> TrialRow:
        """Return a trial without its reports, if a worker with this token holds it."""
        row = self._read_trial(db, study, number)
        transitions.require_token(row, token)
        return row

    @staticmethod
    def _update_trial(db: Transaction, study: int, row: TrialRow, revision: int) -> None:
        columns = (revision, int(row.state), row.token, row.lease_s, row.retries, encode_body(row))
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
