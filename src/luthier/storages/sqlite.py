"""Studies in one SQLite file: the default where results must outlive the process, safe for many processes.

Write-ahead log, one BEGIN IMMEDIATE transaction a verb, synchronous=NORMAL: what was acknowledged survives the death of
any process. Numbers that are not finite are written as text ('inf', 'nan'), since SQLite would make NaN a NULL.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from ..errors import (
    LeaseLostError,
    StorageDamagedError,
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageVersionError,
    StudyExistsError,
    StudyNotFoundError,
)
from ..trial import State, TrialRow
from .base import Changes, Report, Storage, StudyRecord, gave_up, lost

SCHEMA = 1  # raised with every change of the tables; a file with a larger number is refused
_APPLICATION = 0x4C757468  # "Luth", in the file's header: tells a foreign database from ours
_BUSY_S = 120.0

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
_COLUMNS = "number, state, token, lease_s, retries, row"


class _Body(msgspec.Struct, omit_defaults=True):
    """What the column `row` holds, as JSON: the parts of a trial that no query looks at."""

    params: dict[str, Any] = {}
    values: list[float | str] | None = None
    tags: dict[str, Any] = {}
    error: str | None = None
    checkpoint: Any = None
    started_s: float | None = None
    finished_s: float | None = None
    worker: str = ""


_decoder = msgspec.json.Decoder(_Body)
_encode = msgspec.json.Encoder().encode


def _number(v: float) -> float | str:
    return v if math.isfinite(v) else str(v)


def _body(row: TrialRow) -> str:
    values = None if row.values is None else [_number(v) for v in row.values]
    return _encode(
        _Body(row.params, values, row.tags, row.error, row.checkpoint, row.started_s, row.finished_s, row.worker)
    ).decode()


def _tuples(params: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where choices have tuples."""
    for name, v in params.items():
        if type(v) is list:
            params[name] = _tuple(v)
    return params


def _tuple(v: Any) -> Any:
    return tuple(_tuple(x) for x in v) if type(v) is list else v


def _row(record: Sequence[Any], reports: tuple[tuple[float, float], ...] = ()) -> TrialRow:
    number, state, token, lease_s, retries, text = record
    b = _decoder.decode(text)
    return TrialRow(
        number=number, state=State(state), token=token, lease_s=lease_s, retries=retries, reports=reports,
        params=_tuples(b.params), values=None if b.values is None else tuple(float(v) for v in b.values),
        tags=b.tags, error=b.error, checkpoint=b.checkpoint, started_s=b.started_s, finished_s=b.finished_s,
        worker=b.worker,
    )  # fmt: skip


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
        self.url = f"sqlite:///{quote(str(self.path))}?lease_s={self.lease_s:g}&max_retries={self.max_retries}"
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._lock = threading.RLock()
        with self._write() as db:
            self._prepare(db)

    def __repr__(self) -> str:
        return f"SQLite({str(self.path)!r})"

    # -- studies ----------------------------------------------------------------------------------------------------

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now = time.time()
        with self._write() as db:
            if db.execute("SELECT 1 FROM studies WHERE name = ?", (name,)).fetchone():
                raise StudyExistsError(f"study {name!r} exists in {self.path}; load it, or pass load_if_exists=True")
            insert = "INSERT INTO studies (name, spec, created_s) VALUES (?, ?, ?) RETURNING id"
            (study,) = db.execute(insert, (name, _encode(spec).decode(), now)).fetchone()
        return StudyRecord(study, name, dict(spec), now)

    def study(self, name: str) -> StudyRecord:
        with self._read() as db:
            records = self._records(db, "WHERE name = ?", (name,))
            if not records:
                names = [n for (n,) in db.execute("SELECT name FROM studies ORDER BY id LIMIT 20")]
                raise StudyNotFoundError(f"no study {name!r} in {self.path}; there are {names}")
        return records[0]

    def studies(self) -> list[StudyRecord]:
        with self._read() as db:
            return self._records(db)

    @staticmethod
    def _records(db: sqlite3.Connection, where: str = "", args: tuple[Any, ...] = ()) -> list[StudyRecord]:
        found = db.execute(f"SELECT id, name, spec, created_s FROM studies {where} ORDER BY id", args).fetchall()
        count = "SELECT state, count(*) FROM trials WHERE study = ? GROUP BY state"
        return [
            StudyRecord(study, name, msgspec.json.decode(spec), created_s, dict(db.execute(count, (study,)).fetchall()))
            for study, name, spec, created_s in found
        ]

    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        with self._write() as db:
            if not db.execute("UPDATE studies SET spec = ? WHERE id = ?", (_encode(spec).decode(), study)).rowcount:
                raise StudyNotFoundError("the study was deleted")

    def delete_study(self, study: int) -> None:
        with self._write() as db:
            if not db.execute("DELETE FROM studies WHERE id = ?", (study,)).rowcount:
                raise StudyNotFoundError("the study was deleted")
            db.execute("DELETE FROM trials WHERE study = ?", (study,))
            db.execute("DELETE FROM reports WHERE study = ?", (study,))

    # -- trials -----------------------------------------------------------------------------------------------------

    def add_trials(self, study: int, rows: Sequence[TrialRow], expected: int | None = None) -> tuple[int, int]:
        with self._write() as db:
            found = db.execute("SELECT n_trials, revision FROM studies WHERE id = ?", (study,)).fetchone()
            if found is None:
                raise StudyNotFoundError("the study was deleted")
            first, revision = found
            if expected is not None and expected != first:
                return -1, revision
            revision += 1
            db.execute("UPDATE studies SET revision = ?, n_trials = ? WHERE id = ?", (revision, first + len(rows), study))
            records, reports, until = [], [], time.time() + self.lease_s
            for number, row in enumerate(rows, first):
                token, lease_s = (1, until) if row.state == State.RUNNING else (0, 0.0)
                records.append((study, number, revision, int(row.state), token, lease_s, row.retries, _body(row)))
                reports += [(study, number, step, _number(value), revision) for step, value in row.reports]
            db.executemany("INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?)", records)
            if reports:
                db.executemany("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?)", reports)
        return first, revision

    def claim(self, study: int, number: int, worker: str) -> tuple[TrialRow | None, int]:
        with self._write() as db:
            row, now = self._trial(db, study, number), time.time()
            expired = row.state == State.RUNNING and row.lease_s < now
            if not expired and row.state != State.WAITING:
                return None, self._revision(db, study)
            revision = self._raise_revision(db, study)
            if expired and row.retries >= self.max_retries:
                row = msgspec.structs.replace(row, state=State.FAILED, error=gave_up(row), finished_s=now)
                self._put(db, study, row, revision)
                return None, revision
            row = msgspec.structs.replace(
                row, state=State.RUNNING, worker=worker, token=row.token + 1, lease_s=now + self.lease_s,
                retries=row.retries + expired, started_s=now,
            )  # fmt: skip
            self._put(db, study, row, revision)
            reports = self._reports(db, study, [number]).get(number, ())
        return msgspec.structs.replace(row, reports=tuple(reports)), revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        until = time.time() + self.lease_s
        with self._write() as db:
            db.executemany(
                "UPDATE trials SET lease_s = ? WHERE study = ? AND number = ? AND token = ? AND state = 1",
                [(until, study, number, token) for number, token in tokens.items()],
            )

    def report(
        self, study: int, number: int, token: int, step: float, value: float, checkpoint: Any, params: dict[str, Any]
    ) -> int:
        with self._write() as db:
            row = self._trial(db, study, number)
            self._must_hold(row, token)
            revision = self._raise_revision(db, study)
            until = time.time() + self.lease_s
            db.execute("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?)", (study, number, step, _number(value), revision))
            if checkpoint is None and (not params or params == row.params):
                db.execute("UPDATE trials SET lease_s = ? WHERE study = ? AND number = ?", (until, study, number))
            else:
                kept = row.checkpoint if checkpoint is None else checkpoint
                row = msgspec.structs.replace(row, checkpoint=kept, params=params or row.params, lease_s=until)
                self._put(db, study, row, revision)
        return revision

    def finish(self, study: int, row: TrialRow) -> int:
        with self._write() as db:
            old = self._trial(db, study, row.number)
            self._must_hold(old, row.token)
            revision = self._raise_revision(db, study)
            row = msgspec.structs.replace(row, checkpoint=old.checkpoint, retries=old.retries, lease_s=0.0)
            self._put(db, study, row, revision)
        return revision

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        with self._write() as db:
            row = self._trial(db, study, number)
            self._must_hold(row, token)
            revision = self._raise_revision(db, study)
            if retried and row.retries >= self.max_retries:
                row = msgspec.structs.replace(row, state=State.FAILED, error=gave_up(row), finished_s=time.time())
            else:
                row = msgspec.structs.replace(row, state=State.WAITING, retries=row.retries + retried, lease_s=0.0)
            self._put(db, study, row, revision)
        return revision

    def changes(self, study: int, since: int) -> Changes:
        with self._read() as db:
            revision = self._revision(db, study)
            if revision == since:
                return Changes(revision, (), ())
            new = "WHERE study = ? AND revision > ? ORDER BY number"
            rows = [_row(r) for r in db.execute(f"SELECT {_COLUMNS} FROM trials {new}", (study, since))]
            told = db.execute(f"SELECT number, step, value FROM reports {new}, step", (study, since))
            reports = [Report(number, step, float(value)) for number, step, value in told]
        return Changes(revision, rows, reports)

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        with self._read() as db:
            self._revision(db, study)
            reports = self._reports(db, study, numbers)
            if numbers is None:
                found = db.execute(f"SELECT {_COLUMNS} FROM trials WHERE study = ? ORDER BY number", (study,))
                return [_row(r, tuple(reports.get(r[0], ()))) for r in found]
            query = f"SELECT {_COLUMNS} FROM trials WHERE study = ? AND number = ?"
            some = [r for i in numbers for r in db.execute(query, (study, int(i)))]
            return [_row(r, tuple(reports.get(r[0], ()))) for r in some]

    @staticmethod
    def _reports(
        db: sqlite3.Connection, study: int, numbers: Sequence[int] | None
    ) -> dict[int, list[tuple[float, float]]]:
        query = "SELECT number, step, value FROM reports WHERE study = ?"
        if numbers is None:
            found = db.execute(query + " ORDER BY number, step", (study,)).fetchall()
        else:
            query += " AND number = ? ORDER BY step"
            found = [r for i in numbers for r in db.execute(query, (study, int(i)))]
        out: dict[int, list[tuple[float, float]]] = {}
        for number, step, value in found:
            out.setdefault(number, []).append((step, float(value)))
        return out

    @staticmethod
    def _trial(db: sqlite3.Connection, study: int, number: int) -> TrialRow:
        found = db.execute(f"SELECT {_COLUMNS} FROM trials WHERE study = ? AND number = ?", (study, number)).fetchone()
        if found is None:
            raise StudyNotFoundError("the study was deleted")
        return _row(found)

    @staticmethod
    def _put(db: sqlite3.Connection, study: int, row: TrialRow, revision: int) -> None:
        db.execute(
            "UPDATE trials SET revision = ?, state = ?, token = ?, lease_s = ?, retries = ?, row = ? "
            "WHERE study = ? AND number = ?",
            (revision, int(row.state), row.token, row.lease_s, row.retries, _body(row), study, row.number),
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
        found = db.execute("SELECT revision FROM studies WHERE id = ?", (study,)).fetchone()
        if found is None:
            raise StudyNotFoundError("the study was deleted")
        return int(found[0])

    # -- the file ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """One transaction: commits at the end, rolls back on any error, speaks of errors in luthier's words."""
        with self._lock:
            try:
                db = self._open()
                self._begin(db, begin)
                try:
                    yield db
                    db.execute("COMMIT")
                except BaseException:
                    if db.in_transaction:
                        with contextlib.suppress(sqlite3.Error):
                            db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as e:
                raise self._translated(e) from e

    def _write(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return self._transaction("BEGIN IMMEDIATE")

    def _read(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return self._transaction("BEGIN")

    @staticmethod
    def _begin(db: sqlite3.Connection, begin: str) -> None:
        """Waits for its turn in short random naps: fairer among many processes than SQLite's own growing ones."""
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                db.execute(begin)
                return
            except sqlite3.OperationalError as e:
                if e.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.0002, 0.002))

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._pid != os.getpid():  # a connection must not cross a fork
            if not self.path.parent.is_dir():
                raise StorageError(f"the folder {self.path.parent} does not exist; make it first")
            self._pid = os.getpid()
            self._connection = sqlite3.connect(
                self.path, timeout=5.0, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            try:
                self._connection.execute("PRAGMA synchronous = NORMAL")
            except sqlite3.Error:
                self.close()
                raise
        return self._connection

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Makes the tables in a new file, and refuses what is not ours; inside a write transaction."""
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (n_tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION and (application or version or n_tables):
            raise StorageDamagedError(f"{self.path} is another program's SQLite file; choose another path")
        if version > SCHEMA:
            raise StorageVersionError(
                f"{self.path} has schema {version}, this luthier reads up to {SCHEMA}; upgrade luthier to open it"
            )
        if version == 0:
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")
        for _ in range(100):  # changing the mode needs the file for itself, and does not wait for it
            try:
                db.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as e:
                if e.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                time.sleep(random.uniform(0.001, 0.02))
        db.execute("BEGIN")

    def _translated(self, e: sqlite3.Error) -> StorageError:
        code = getattr(e, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "no such table" in str(e):
            self.close()
            return StorageDamagedError(
                f"{self.path} is damaged or not a SQLite file ({e}); restore it from a copy, or save what can be read "
                "with the sqlite3 command's .recover"
            )
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and "write" in getattr(e, "sqlite_errorname", "").lower()):
            return StorageFullError(
                f"no space left for {self.path} ({e}); finished trials are safe. Free some space and run again"
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return StorageReadOnlyError(f"{self.path} cannot be written ({e}); check the rights of the file and its folder")
        if code == sqlite3.SQLITE_BUSY:
            return StorageError(f"{self.path} was locked by another process for {_BUSY_S:g} s; is one of them stuck?")
        return StorageError(f"{self.path}: {e}")

    def close(self) -> None:
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "lease_s": self.lease_s, "max_retries": self.max_retries}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()
