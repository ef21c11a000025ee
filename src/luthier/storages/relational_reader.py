"""The reading verbs of the storage contract in SQL: the same statements for every database."""

from __future__ import annotations

import contextlib
import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from ..errors import StorageDamagedError, StudyNotFoundError, TrialError
from ..trial.record import ReportValue, TrialRow
from . import transitions
from .base import Changes, Storage, StudyRecord, no_study
from .checksums import UNREADABLE
from .paging import MOST_ROWS, STUDIES, find_end
from .settings import decode_spec
from .table_rows import read_report, read_study, read_trial

_COLUMNS = "number, state, token, lease_s, retries, body, checksum"
_REPORT_COLUMNS = "number, step, value, checksum"
_AT_ONCE = 500  # trials that one statement names
_BLOCK = 2_000  # trials that are read at a time
_SELECT_REVISION = "SELECT revision FROM luthier_studies WHERE id = ?"
_SELECT_REPORTS = f"SELECT {_REPORT_COLUMNS} FROM luthier_reports WHERE study = ?"
SELECT_TRIAL = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND number = ?"
SELECT_HEAD = "SELECT name, title, created_s, spec_revision FROM luthier_studies WHERE id = ?"
_SELECT_NEWS = """
SELECT revision, n_trials, CASE WHEN spec_revision > ? THEN spec END
FROM luthier_studies WHERE id = ?
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


class RelationalReader(Storage):
    """Studies in tables, as far as they are read; a subclass connects to a database."""

    @abstractmethod
    def _read(self) -> contextlib.AbstractContextManager[Transaction]:
        """Begin a transaction that sees one moment."""

    @abstractmethod
    def _query_one(self, statement: str, args: Sequence[Any]) -> Any:
        """Return the first row of a query, or None, without the cost of a transaction."""

    def _study_key(self, name: str) -> tuple[str, str | None]:
        """Return what a study is found by, and its name as JSON if that is not the name."""
        return name, None

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

    def page_of_studies(self, first: int = 0, limit: int = STUDIES) -> list[StudyRecord]:
        with self._read() as db:
            return self._read_studies(db, "WHERE id >= ?", (first,), f"LIMIT {int(limit)}")

    def _read_studies(
        self, db: Transaction, where: str = "", args: tuple[Any, ...] = (), limit: str = ""
    ) -> list[StudyRecord]:
        columns = "id, name, title, spec, created_s, checksum"
        found = db.execute(
            f"SELECT {columns} FROM luthier_studies {where} ORDER BY id {limit}", args
        ).fetchall()
        count = "SELECT state, count(*) FROM luthier_trials WHERE study = ? GROUP BY state"
        return [read_study(row, db.execute(count, (row[0],)).fetchall()) for row in found]

    def changes(self, study: int, since: int) -> Changes:
        if self._query_one(_SELECT_REVISION, (study,)) == (since,):
            return Changes(since, (), ())

        with self._read() as db:
            return self._read_changes(db, study, since, None)

    def read_all(self, study: int, take: Callable[[Sequence[TrialRow]], None]) -> Changes:
        query = f"SELECT {_COLUMNS} FROM luthier_trials WHERE study = ? AND number >= ?"
        some = f"{query} ORDER BY number LIMIT {_BLOCK}"
        n_read = 0
        with self._read() as db:
            news = _require_study(db.execute(_SELECT_NEWS, (0, study)).fetchone())
            revision, n, spec = news
            with self._refuse_unreadable(db, study):
                while n_read < n:
                    found = db.execute(some, (study, n_read)).fetchall()
                    rows = [read_trial(study, r) for r in found]
                    _require_all(rows, min(n - n_read, _BLOCK), n_read)
                    take(rows)
                    n_read += len(rows)
                reports = [
                    read_report(study, r, n)
                    for r in db.execute(
                        f"{_SELECT_REPORTS} ORDER BY revision, number, step", (study,)
                    )
                ]
                return Changes(
                    int(revision), (), reports, None if spec is None else decode_spec(spec)
                )

    def page_of_changes(self, study: int, since: int) -> Changes:
        if self._query_one(_SELECT_REVISION, (study,)) == (since,):
            return Changes(since, (), ())

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
        asked = self._ask_changes(db, study, since, end)
        news = _require_study(asked[0].fetchone())
        with self._refuse_unreadable(db, study):
            return self._take_changes(news, asked, study, since, end)

    def _ask_changes(
        self, db: Transaction, study: int, since: int, end: int | None
    ) -> tuple[Cursor, Cursor, Cursor]:
        """Ask for what `_take_changes` returns; nothing is waited for."""
        new = "WHERE study = ? AND revision > ?"
        trials = f"{new} ORDER BY +number"  # not by an index on it, as few of the trials are new
        args = [study, since]
        if end is not None:
            new += " AND revision <= ?"
            trials = f"{new} ORDER BY +number"
            args.append(end)
        elif not since:
            trials = "WHERE study = ? AND +revision > ? ORDER BY number"
        return (
            db.execute(_SELECT_NEWS, (since, study)),
            db.execute(f"SELECT {_COLUMNS} FROM luthier_trials {trials}", args),
            db.execute(
                f"SELECT {_REPORT_COLUMNS} FROM luthier_reports {new} "
                "ORDER BY revision, number, step",
                args,
            ),
        )

    def _take_changes(
        self,
        news: Sequence[Any],
        asked: tuple[Cursor, Cursor, Cursor],
        study: int,
        since: int,
        end: int | None,
    ) -> Changes:
        """Return what is new since a revision, once it was asked for."""
        _, trials, reports = asked
        revision, n_trials, spec = news
        if revision < since:
            raise ValueError(
                f"what had been acknowledged is lost: it was at revision {since}, and is at "
                f"{revision}"
            )
        rows = [read_trial(study, r) for r in trials]
        if not since and end is None:
            _require_all(rows, n_trials)
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
            if reports:
                rows = [read_trial(study, r, tuple(reports.get(r[0], ()))) for r in found]
            else:
                rows = [read_trial(study, r) for r in found]
            (n,) = db.execute(
                "SELECT n_trials FROM luthier_studies WHERE id = ?", (study,)
            ).fetchone()
            _require_all(rows, n)
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

    @staticmethod
    def _read_revision(db: Transaction, study: int) -> int:
        return int(_require_study(db.execute(_SELECT_REVISION, (study,)).fetchone())[0])

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
        key, title, *_ = db.execute(SELECT_HEAD, (study,)).fetchone()
        return key if title is None else msgspec.json.decode(title)


def _require_study(row: Any) -> Any:
    """Return what was read of a study, if that is there.

    Raises:
        StudyNotFoundError: It was deleted.
    """
    if row is None:
        raise StudyNotFoundError("the study was deleted")
    return row


def _require_all(rows: Sequence[TrialRow], n: int, first: int = 0) -> None:
    """Refuse n trials of a study, from the first on, of which one is missing."""
    if len(rows) != n or any(row.number != i for i, row in enumerate(rows, first)):
        raise ValueError(f"{len(rows)} of {n} trials are there, from trial {first} on")


def _among(numbers: Sequence[int]) -> str:
    """Return the condition that a trial is one of these, whose numbers are arguments."""
    return f"number IN ({', '.join('?' * len(numbers))})"
