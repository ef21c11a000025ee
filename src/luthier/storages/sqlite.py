"""Studies in one SQLite file: the default where results must outlive the process, safe for many processes.

Write-ahead log, one BEGIN IMMEDIATE transaction a verb, synchronous=NORMAL: what was acknowledged survives the death of
any process.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from ..errors import LeaseLostError, StudyExistsError, StudyNotFoundError
from ..trial import State, Told, TrialRow
from .base import Changes, Report, Resume, Storage, StudyRecord, begun, claimable, ended, gave_up, lost
from .body import body, text, told, trial, written
from .sqlite_file import File, readable

SCHEMA = 2  # raised with every change of the tables; a file with a larger number is refused
_APPLICATION = 0x4C757468  # "Luth", in the file's header: tells a foreign database from ours

_TABLES = """
CREATE TABLE studies (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL, created_s REAL NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0, n_trials INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE trials (
    study INTEGER NOT NULL, number INTEGER NOT NULL, revision INTEGER NOT NULL, state INTEGER NOT NULL,
    token INTEGER NOT NULL, lease_s REAL NOT NULL, retries INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (study, number)
) WITHOUT ROWID;
CREATE INDEX trials_revision ON trials (study, revision);
CREATE TABLE reports (
    study INTEGER NOT NULL, number INTEGER NOT NULL, step REAL NOT NULL, value NOT NULL, revision INTEGER NOT NULL,
    PRIMARY KEY (study, number, step)
) WITHOUT ROWID;
CREATE INDEX reports_revision ON reports (study, revision);
"""
_UPGRADES = {1: "UPDATE trials SET state = state + 1 WHERE state >= 2"}  # from a schema to the next: PAUSED came in
_REVISION = "SELECT revision FROM studies WHERE id = ?"
_COLUMNS = "number, state, token, lease_s, retries, row"


class SQLite(Storage):
    """Studies in one file.

    Args:
        path: The file; it is made when it does not exist, its folder is not.
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.

    Raises:
        StorageDamagedError: The file is torn, or is another program's.
        StorageVersionError: A newer luthier wrote it.
        StorageReadOnlyError: It, or its folder, cannot be written.
        StorageError: The folder does not exist, or the disk fails.
    """

    def __init__(self, path: str | os.PathLike[str], lease_s: float = 60.0, max_retries: int = 2) -> None:
        super().__init__(lease_s, max_retries)
        self.path = Path(path).expanduser().absolute()
        self.url = f"sqlite:///{quote(str(self.path))}?lease_s={self.lease_s}&max_retries={self.max_retries}"
        self.folder = self.path.with_name(self.path.name + ".checkpoints")
        self._file = File(self.path, _APPLICATION, SCHEMA, _TABLES, _UPGRADES)

    def __repr__(self) -> str:
        return f"SQLite({str(self.path)!r})"

    # -- studies ----------------------------------------------------------------------------------------------------

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now = time.time()
        with self._file.write() as db:
            if db.execute("SELECT 1 FROM studies WHERE name = ?", (name,)).fetchone():
                raise StudyExistsError(f"study {name!r} exists in {self.path}; load it, or pass load_if_exists=True")
            insert = "INSERT INTO studies (name, spec, created_s) VALUES (?, ?, ?) RETURNING id"
            (study,) = db.execute(insert, (name, text(spec), now)).fetchone()
        return StudyRecord(study, name, dict(spec), now)

    def study(self, name: str) -> StudyRecord:
        with self._file.read() as db:
            records = self._records(db, "WHERE name = ?", (name,))
            if not records:
                names = [n for (n,) in db.execute("SELECT name FROM studies ORDER BY id LIMIT 20")]
                raise StudyNotFoundError(f"no study {name!r} in {self.path}; there are {names}")
        return records[0]

    def studies(self) -> list[StudyRecord]:
        with self._file.read() as db:
            return self._records(db)

    @staticmethod
    def _records(db: sqlite3.Connection, where: str = "", args: tuple[Any, ...] = ()) -> list[StudyRecord]:
        found = db.execute(f"SELECT id, name, spec, created_s FROM studies {where} ORDER BY id", args).fetchall()
        count = "SELECT state, count(*) FROM trials WHERE study = ? GROUP BY state"
        with readable():
            return [
                StudyRecord(
                    study, name, msgspec.json.decode(spec), created_s, dict(db.execute(count, (study,)).fetchall())
                )
                for study, name, spec, created_s in found
            ]

    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        with self._file.write() as db:
            if not db.execute("UPDATE studies SET spec = ? WHERE id = ?", (text(spec), study)).rowcount:
                raise StudyNotFoundError("the study was deleted")

    def delete_study(self, study: int) -> None:
        with self._file.write() as db:
            if not db.execute("DELETE FROM studies WHERE id = ?", (study,)).rowcount:
                raise StudyNotFoundError("the study was deleted")
            db.execute("DELETE FROM trials WHERE study = ?", (study,))
            db.execute("DELETE FROM reports WHERE study = ?", (study,))

    # -- trials -----------------------------------------------------------------------------------------------------

    def add_trials(self, study: int, rows: Sequence[TrialRow], expected: int | None = None) -> tuple[int, int]:
        bodies = [body(row) for row in rows]  # before anybody has to wait for us
        with self._file.write() as db:
            found = db.execute("SELECT n_trials, revision FROM studies WHERE id = ?", (study,)).fetchone()
            if found is None:
                raise StudyNotFoundError("the study was deleted")
            first, revision = found
            if expected is not None and expected != first:
                return -1, revision
            revision += 1
            db.execute(
                "UPDATE studies SET revision = ?, n_trials = ? WHERE id = ?", (revision, first + len(rows), study)
            )
            records, reports, until = [], [], time.time() + self.lease_s
            for number, row, encoded in zip(itertools.count(first), rows, bodies):
                token, lease_s = (1, until) if row.state == State.RUNNING else (0, 0.0)
                records.append((study, number, revision, int(row.state), token, lease_s, row.retries, encoded))
                reports += [(study, number, step, written(value), revision) for step, value in row.reports]
            db.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?)", records)
            if reports:
                db.executemany("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?)", reports)
        return first, revision

    def claim(self, study: int, number: int, worker: str, resume: Resume | None = None) -> tuple[TrialRow | None, int]:
        with self._file.write() as db:
            row, now = self._trial(db, study, number), time.time()
            expired = row.state == State.RUNNING and row.lease_s < now and resume is None
            if not claimable(row, resume, expired):
                return None, self._revision(db, study)
            revision = self._raise_revision(db, study)
            if expired and row.retries >= self.max_retries:
                row = msgspec.structs.replace(
                    row, state=State.FAILED, error=gave_up(row), checkpoints=(), finished_s=now
                )
                self._put(db, study, row, revision)
                return None, revision
            row = begun(row, worker, now, self.lease_s, resume, expired)
            self._put(db, study, row, revision)
            reports = self._reports(db, study, [number]).get(number, ())
        return msgspec.structs.replace(row, reports=tuple(reports)), revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        until = time.time() + self.lease_s
        with self._file.write() as db:
            self._revision(db, study)
            db.executemany(
                "UPDATE trials SET lease_s = ? WHERE study = ? AND number = ? AND token = ? AND state = 1",
                [(until, study, number, token) for number, token in tokens.items()],
            )

    def report(
        self, study: int, number: int, token: int, step: float, value: Told,
        checkpoints: tuple[dict[str, Any], ...] | None, params: dict[str, Any],
    ) -> int:  # fmt: skip
        with self._file.write() as db:
            row = self._trial(db, study, number)
            self._must_hold(row, token)
            revision = self._raise_revision(db, study)
            until = time.time() + self.lease_s
            db.execute(
                "INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?)", (study, number, step, written(value), revision)
            )
            if checkpoints is None and (not params or params == row.params):
                db.execute("UPDATE trials SET lease_s = ? WHERE study = ? AND number = ?", (until, study, number))
            else:
                kept = row.checkpoints if checkpoints is None else checkpoints
                row = msgspec.structs.replace(row, checkpoints=kept, params=params or row.params, lease_s=until)
                self._put(db, study, row, revision)
        return revision

    def finish(self, study: int, row: TrialRow) -> int:
        with self._file.write() as db:
            old = self._trial(db, study, row.number)
            self._must_hold(old, row.token)
            revision = self._raise_revision(db, study)
            self._put(db, study, ended(row, old), revision)
        return revision

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        with self._file.write() as db:
            row = self._trial(db, study, number)
            self._must_hold(row, token)
            revision = self._raise_revision(db, study)
            if retried and row.retries >= self.max_retries:
                row = msgspec.structs.replace(
                    row, state=State.FAILED, error=gave_up(row), checkpoints=(), finished_s=time.time()
                )
            else:
                row = msgspec.structs.replace(row, state=State.WAITING, retries=row.retries + retried, lease_s=0.0)
            self._put(db, study, row, revision)
        return revision

    def changes(self, study: int, since: int) -> Changes:
        if self._file.glance(_REVISION, (study,)) == (since,):
            return Changes(since, (), ())
        with self._file.read() as db:
            revision = self._revision(db, study)
            if since == 0:
                every = "SELECT number, step, value FROM reports WHERE study = ? ORDER BY revision, number, step"
                found = db.execute(every, (study,))
                with readable():
                    reports = [Report(number, step, told(value)) for number, step, value in found]
                return Changes(revision, self._all(db, study, {}), reports)
            new = "WHERE study = ? AND revision > ? ORDER BY"
            with readable():
                rows = [trial(r) for r in db.execute(f"SELECT {_COLUMNS} FROM trials {new} +number", (study, since))]
                found = db.execute(
                    f"SELECT number, step, value FROM reports {new} revision, number, step", (study, since)
                )
                return Changes(revision, rows, [Report(number, step, told(value)) for number, step, value in found])

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        with self._file.read() as db:
            self._revision(db, study)
            reports = self._reports(db, study, numbers)
            if numbers is None:
                return self._all(db, study, reports)
            query = f"SELECT {_COLUMNS} FROM trials WHERE study = ? AND number = ?"
            with readable():
                some = [r for i in numbers for r in db.execute(query, (study, int(i)))]
                return [trial(r, tuple(reports.get(r[0], ()))) for r in some]

    @staticmethod
    def _all(db: sqlite3.Connection, study: int, reports: dict[int, list[tuple[float, Told]]]) -> list[TrialRow]:
        found = db.execute(f"SELECT {_COLUMNS} FROM trials WHERE study = ? ORDER BY number", (study,))
        with readable():
            rows = [trial(r, tuple(reports.get(r[0], ()))) for r in found]
            (n,) = db.execute("SELECT n_trials FROM studies WHERE id = ?", (study,)).fetchone()
            if len(rows) != n or any(row.number != i for i, row in enumerate(rows)):
                raise ValueError(f"{len(rows)} of {n} trials are there")
        return rows

    @staticmethod
    def _reports(
        db: sqlite3.Connection, study: int, numbers: Sequence[int] | None = None
    ) -> dict[int, list[tuple[float, Told]]]:
        query = "SELECT number, step, value FROM reports WHERE study = ?"
        if numbers is None:
            found = db.execute(query + " ORDER BY number, step", (study,)).fetchall()
        else:
            query += " AND number = ? ORDER BY step"
            found = [r for i in numbers for r in db.execute(query, (study, int(i)))]
        out: dict[int, list[tuple[float, Told]]] = {}
        with readable():
            for number, step, value in found:
                out.setdefault(number, []).append((step, told(value)))
        return out

    @staticmethod
    def _trial(db: sqlite3.Connection, study: int, number: int) -> TrialRow:
        found = db.execute(f"SELECT {_COLUMNS} FROM trials WHERE study = ? AND number = ?", (study, number)).fetchone()
        if found is None:
            raise StudyNotFoundError("the study was deleted")
        with readable():
            return trial(found)

    @staticmethod
    def _put(db: sqlite3.Connection, study: int, row: TrialRow, revision: int) -> None:
        db.execute(
            "UPDATE trials SET revision = ?, state = ?, token = ?, lease_s = ?, retries = ?, row = ? "
            "WHERE study = ? AND number = ?",
            (revision, int(row.state), row.token, row.lease_s, row.retries, body(row), study, row.number),
        )

    @staticmethod
    def _must_hold(row: TrialRow, token: int) -> None:
        if row.token != token or row.state != State.RUNNING:
            raise LeaseLostError(lost(row.number))

    @staticmethod
    def _raise_revision(db: sqlite3.Connection, study: int) -> int:
        query = "UPDATE studies SET revision = revision + 1 WHERE id = ? RETURNING revision"
        return int(db.execute(query, (study,)).fetchone()[0])

    @staticmethod
    def _revision(db: sqlite3.Connection, study: int) -> int:
        found = db.execute(_REVISION, (study,)).fetchone()
        if found is None:
            raise StudyNotFoundError("the study was deleted")
        return int(found[0])

    # -- the file ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        self._file.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "lease_s": self.lease_s, "max_retries": self.max_retries}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()
