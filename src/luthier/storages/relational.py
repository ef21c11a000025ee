"""The storage contract in SQL.

One set of tables and statements for SQLite, PostgreSQL and MySQL.
"""

from __future__ import annotations

import contextlib
import itertools
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ..errors import StudyExistsError, StudyNotFoundError
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import transitions
from .base import Changes, Report, Storage, StudyRecord
from .codec import decode_trial, encode_body, to_json, value_from_column, value_to_column

_REVISION = "SELECT revision FROM luthier_studies WHERE id = ?"
_COLUMNS = "number, state, token, lease_s, retries, body"
_AT_ONCE = 500  # trials that one statement names
TRIAL = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND number = ?"


class Cursor(Protocol):
    """What came of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement touched."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> Sequence[Any]:
        """All further rows."""

    def __iter__(self) -> Iterator[Any]:
        """The further rows."""


class Transaction(Protocol):
    """Several statements that happen at once or not at all; '?' stands for an argument."""

    def execute(self, statement: str, args: Any = ..., /) -> Cursor:
        """Runs a statement."""

    def executemany(self, statement: str, args: Iterable[Any], /) -> Cursor:
        """Runs a statement for each of several sets of arguments."""


class Relational(Storage):
    """Studies in tables; a subclass knows how to reach them.

    Every verb that raises a study's revision does so before it reads anything else: that locks the
    study's row, so that writers of one study come one after the other, and always in the same
    order. The clock is read before that.
    """

    _UPSERT = (
        "INSERT INTO luthier_reports VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (study, number, step) DO UPDATE SET value = excluded.value, revision = "
        "excluded.revision"
    )

    @abstractmethod
    def _write(self) -> contextlib.AbstractContextManager[Transaction]:
        """A transaction that may write; it commits at the end and rolls back on any error."""

    @abstractmethod
    def _read(self) -> contextlib.AbstractContextManager[Transaction]:
        """A transaction that sees one moment."""

    @abstractmethod
    def _glance(self, statement: str, args: Sequence[Any]) -> Any:
        """The first row of a query, or None, without the cost of a transaction."""

    @abstractmethod
    def _readable(self) -> contextlib.AbstractContextManager[None]:
        """Says of content that does not read as a trial that it is damaged."""

    def _key(self, name: str) -> tuple[str, str | None]:
        """What finds a study of this name, and the name as JSON if that is not the name."""
        return name, None

    def _value(self, value: ReportValue) -> float | str:
        """What was reported, as the tables hold it."""
        return value_to_column(value)

    def _made(self, db: Transaction, record: tuple[Any, ...]) -> int | None:
        """Adds a study; its id, or None if its name is taken."""
        insert = "INSERT INTO luthier_studies (name, title, spec, created_s) VALUES (?, ?, ?, ?)"
        found = db.execute(
            f"{insert} ON CONFLICT (name) DO NOTHING RETURNING id", record
        ).fetchone()
        return None if found is None else int(found[0])

    def _raised(
        self, db: Transaction, study: int, n_new: int = 0, expected: int | None = None
    ) -> tuple[int, int] | None:
        """Raises the revision of a study and locks it, unless it has not as many trials as expected.

        Returns:
            The revision, and how many trials there now are; None where nothing was done.
        """
        update = (
            "UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + ? "
            "WHERE id "
            "= ?"
        )
        if expected is None:
            found = db.execute(f"{update} RETURNING revision, n_trials", (n_new, study)).fetchone()
        else:
            update += " AND n_trials = ? RETURNING revision, n_trials"
            found = db.execute(update, (n_new, study, expected)).fetchone()
        return None if found is None else (int(found[0]), int(found[1]))

    def _revised(self, db: Transaction, study: int) -> int:
        """Raises the revision of a study and locks it; the revision."""
        raised = self._raised(db, study)
        if raised is None:
            raise StudyNotFoundError("the study was deleted")
        return raised[0]

    @staticmethod
    def _lowered(db: Transaction, study: int, revision: int, n_new: int = 0) -> int:
        """Takes `_raised` back, as there is nothing to write; the revision that stays."""
        update = (
            "UPDATE luthier_studies SET revision = revision - 1, n_trials = n_trials - ? "
            "WHERE id "
            "= ?"
        )
        db.execute(update, (n_new, study))
        return revision - 1

    # -- studies
    # ------------------------------------------------------------------------------------------

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now, (key, title) = self.now(), self._key(name)
        with self._write() as db:
            study = self._made(db, (key, title, to_json(spec), now))
        if study is None:
            raise StudyExistsError(
                f"study {name!r} exists in {self}; load it, or pass load_if_exists=True"
            )
        return StudyRecord(study, name, dict(spec), now)

    def study(self, name: str) -> StudyRecord:
        with self._read() as db:
            records = self._records(db, "WHERE name = ?", (self._key(name)[0],))
            if not records:
                names = [r.name for r in self._records(db, "", (), "LIMIT 20")]
                raise StudyNotFoundError(f"no study {name!r} in {self}; there are {names}")
        return records[0]

    def studies(self) -> list[StudyRecord]:
        with self._read() as db:
            return self._records(db)

    def _records(
        self, db: Transaction, where: str = "", args: tuple[Any, ...] = (), limit: str = ""
    ) -> list[StudyRecord]:
        found = db.execute(
            f"SELECT id, name, title, spec, created_s FROM luthier_studies {where} ORDER BY id "
            f"{limit}",
            args,
        ).fetchall()
        count = "SELECT state, count(*) FROM luthier_trials WHERE study = ? GROUP BY state"
        with self._readable():
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

    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        with self._write() as db:
            self._revision(db, study)
            db.execute("UPDATE luthier_studies SET spec = ? WHERE id = ?", (to_json(spec), study))

    def delete_study(self, study: int) -> None:
        with self._write() as db:
            self._revised(db, study)
            for table, column in (("reports", "study"), ("trials", "study"), ("studies", "id")):
                db.execute(f"DELETE FROM luthier_{table} WHERE {column} = ?", (study,))

    # -- trials
    # ------------------------------------------------------------------------------------------

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        # before anybody has to wait for us
        bodies = [encode_body(row) for row in rows]
        until = self.now() + self.lease_s
        with self._write() as db:
            raised = self._raised(db, study, len(rows), expected)
            if call is not None and (
                raised is None or expected is None
            ):  # what it expected has come to be, by itself
                query = "SELECT number FROM luthier_trials WHERE study = ? AND request = ?"
                if (found := db.execute(query, (study, call)).fetchone()) is not None:
                    if raised is not None:
                        self._lowered(db, study, raised[0], len(rows))
                    return int(found[0]), self._revision(db, study)
            if raised is None:
                return -1, self._revision(db, study)
            revision, first = raised[0], raised[1] - len(rows)
            records, reports = [], []
            for number, row, encoded in zip(itertools.count(first), rows, bodies):
                token, lease_s = (1, until) if row.state == State.RUNNING else (0, 0.0)
                request = call if number == first else None
                records.append(
                    (
                        study,
                        number,
                        revision,
                        int(row.state),
                        token,
                        lease_s,
                        row.retries,
                        encoded,
                        request,
                    )
                )
                reports += [
                    (study, number, step, self._value(value), revision)
                    for step, value in row.reports
                ]
            db.executemany("INSERT INTO luthier_trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", records)
            if reports:
                db.executemany(self._UPSERT, reports)
        return first, revision

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
            revision = self._revised(db, study)
            row = transitions.claim(
                self._trial(db, study, number),
                worker,
                now,
                self.lease_s,
                self.max_retries,
                turn,
                token,
                checkpoints,
            )
            if row is None:
                return None, self._lowered(db, study, revision)
            self._put(db, study, row, revision)
            if row.state != State.RUNNING:
                return None, revision
            reports = self._reports(db, study, [number]).get(number, ())
        return msgspec.structs.replace(row, reports=tuple(reports)), revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        until = self.now() + self.lease_s
        with self._write() as db:
            self._revision(db, study)
            db.executemany(
                "UPDATE luthier_trials SET lease_s = ? WHERE study = ? AND number = ? AND token = "
                "? AND state = 1",
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
            revision = self._revised(db, study)
            row = self._held(db, study, number, token)
            db.execute(self._UPSERT, (study, number, step, self._value(value), revision))
            row, changed = transitions.report(row, until, checkpoints, params)
            if changed:
                self._put(db, study, row, revision)
            else:
                db.execute(
                    "UPDATE luthier_trials SET lease_s = ? WHERE study = ? AND number = ?",
                    (until, study, number),
                )
        return revision

    def finish(self, study: int, row: TrialRow) -> int:
        with self._write() as db:
            revision = self._revised(db, study)
            ended = transitions.finish(row, self._trial(db, study, row.number))
            if ended is None:
                return self._lowered(db, study, revision)
            self._put(db, study, ended, revision)
        return revision

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        now = self.now()
        with self._write() as db:
            revision = self._revised(db, study)
            row = self._held(db, study, number, token)
            row = transitions.release(row, retried, self.max_retries, now)
            self._put(db, study, row, revision)
        return revision

    def changes(self, study: int, since: int) -> Changes:
        if self._glance(_REVISION, (study,)) == (since,):
            return Changes(since, (), ())
        new = "WHERE study = ? AND revision > ? ORDER BY"
        with self._read() as db:
            found = db.execute(_REVISION, (study,))
            if since:
                trials = db.execute(
                    f"SELECT {_COLUMNS} FROM luthier_trials {new} +number", (study, since)
                )
            reports = db.execute(
                f"SELECT number, step, value FROM luthier_reports {new} revision, number, step",
                (study, since),
            )
            revision = found.fetchone()
            if revision is None:
                raise StudyNotFoundError("the study was deleted")
            with self._readable():
                rows = [decode_trial(r) for r in trials] if since else self._all(db, study, {})
                return Changes(
                    int(revision[0]),
                    rows,
                    [Report(n, step, value_from_column(value)) for n, step, value in reports],
                )

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        with self._read() as db:
            self._revision(db, study)
            if numbers is None:
                return self._all(db, study, self._reports(db, study))
            found: dict[int, TrialRow] = {}
            for some in (numbers[i : i + _AT_ONCE] for i in range(0, len(numbers), _AT_ONCE)):
                reports = self._reports(db, study, some)
                among = f"number IN ({', '.join('?' * len(some))})"
                rows = db.execute(
                    f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND {among}",
                    (study, *some),
                )
                with self._readable():
                    found.update(
                        (r[0], decode_trial(r, tuple(reports.get(r[0], ())))) for r in rows
                    )
        for number in numbers:
            transitions.require_trial(number, found)
        return [found[number] for number in numbers]

    def _all(
        self, db: Transaction, study: int, reports: dict[int, list[tuple[float, ReportValue]]]
    ) -> list[TrialRow]:
        found = db.execute(
            f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? ORDER BY number", (study,)
        )
        with self._readable():
            rows = [decode_trial(r, tuple(reports.get(r[0], ()))) for r in found]
            (n,) = db.execute(
                "SELECT n_trials FROM luthier_studies WHERE id = ?", (study,)
            ).fetchone()
            if len(rows) != n or any(row.number != i for i, row in enumerate(rows)):
                raise ValueError(f"{len(rows)} of {n} trials are there")
        return rows

    def _reports(
        self, db: Transaction, study: int, numbers: Sequence[int] | None = None
    ) -> dict[int, list[tuple[float, ReportValue]]]:
        """The reports of all trials, or of some, by step."""
        some = "" if numbers is None else f"AND number IN ({', '.join('?' * len(numbers))})"
        query = (
            f"SELECT number, step, value FROM luthier_reports WHERE study = ? {some} ORDER BY "
            "number, step"
        )
        out: dict[int, list[tuple[float, ReportValue]]] = {}
        with self._readable():
            for number, step, value in db.execute(query, (study, *(numbers or ()))):
                out.setdefault(number, []).append((step, value_from_column(value)))
        return out

    def _trial(self, db: Transaction, study: int, number: int) -> TrialRow:
        found = db.execute(TRIAL, (study, number)).fetchone()
        if found is None:
            self._revision(db, study)
            transitions.require_trial(number, ())
        with self._readable():
            return decode_trial(found)

    def _held(self, db: Transaction, study: int, number: int, token: int) -> TrialRow:
        row = self._trial(db, study, number)
        transitions.require_token(row, token)
        return row

    @staticmethod
    def _put(db: Transaction, study: int, row: TrialRow, revision: int) -> None:
        db.execute(
            "UPDATE luthier_trials SET revision = ?, state = ?, token = ?, lease_s = ?, retries = "
            "?, body = ? "
            "WHERE study = ? AND number = ?",
            (
                revision,
                int(row.state),
                row.token,
                row.lease_s,
                row.retries,
                encode_body(row),
                study,
                row.number,
            ),
        )

    @staticmethod
    def _revision(db: Transaction, study: int) -> int:
        found = db.execute(_REVISION, (study,)).fetchone()
        if found is None:
            raise StudyNotFoundError("the study was deleted")
        return int(found[0])
