"""One SQLite file and this process's connection to it.

Transactions, turns, forks, and errors in luthier's words.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import (
    StorageDamagedError,
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageVersionError,
)

_BUSY_S = 120.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_CHECKED_BYTES = (
    2**25
)  # files up to this size are looked through when they are opened, at 5 ms a megabyte
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TORN = ("no such table", "no such column", "unsupported file format")
_READONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_FULL = {
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_SHMSIZE",
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_DIR_FSYNC",
}


class File:
    """A database file in write-ahead mode, for any number of threads, processes and forks.

    No connection crosses a fork: it is closed before, and opened again by the next transaction on
    either side.

    Args:
        path: The file; it is made when it does not exist, its folder is not.
        application: The number in the header that tells our files from others.
        schema: The number of the tables' present form; a file with a larger one is refused.
        tables: The statements that make the tables in a new file.
        upgrades: By schema, the statements that turn a file of that schema into one of the next.

    Attributes:
        found: The schema that the file had when it was opened.

    Raises:
        StorageError: As `SQLite` says.
    """

    def __init__(
        self, path: Path, application: int, schema: int, tables: str, upgrades: Mapping[int, str]
    ) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None  # device and inode, once it has been opened
        self._lock = threading.RLock()
        _here.add(self)
        with self.write() as db:
            self._prepare(db, application, schema, tables, upgrades)

    def write(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """A transaction that no other may write beside."""
        return self._transaction("BEGIN IMMEDIATE")

    def read(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """A transaction that sees one moment."""
        return self._transaction("BEGIN")

    def glance(self, query: str, args: tuple[Any, ...]) -> Any:
        """The first row of a query, or None, without the cost of a transaction."""
        with self._lock, self._translated():
            return _patiently(self._open(), query, args)

    def close(self) -> None:
        """Lets go of the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """Commits at the end, rolls back on any error."""
        with self._lock, self._translated():
            db = self._open()
            try:
                _patiently(db, begin)
                if (
                    begin == "BEGIN"
                ):  # the first reading, which may have to wait, fixes what the rest sees
                    _patiently(db, "SELECT 1 FROM sqlite_master")
                yield db
                _patiently(db, "COMMIT")
            except BaseException:
                if db.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        """The connection, to the file that was opened first.

        One that was deleted meanwhile is not made anew.
        """
        if self._identity is not None and _identity(self.path) != self._identity:
            self.close()
            raise StorageDamagedError(
                f"{self.path} was deleted or replaced while it was in use; open the study anew"
            )
        if self._connection is None:
            if self._identity is None and not self.path.parent.is_dir():
                raise StorageError(f"the folder {self.path.parent} does not exist; make it first")
            if self.path.is_dir():
                raise StorageError(f"{self.path} is a folder; expected a file")
            self._connection = sqlite3.connect(
                self.path,
                timeout=0.0,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=64,
            )
            try:
                for pragma in (
                    "synchronous = NORMAL",
                    "temp_store = MEMORY",
                    "cell_size_check = ON",
                ):
                    _patiently(self._connection, f"PRAGMA {pragma}")
            except BaseException:
                self.close()
                raise
        return self._connection

    def _prepare(
        self,
        db: sqlite3.Connection,
        application: int,
        schema: int,
        tables: str,
        upgrades: Mapping[int, str],
    ) -> None:
        """Makes the tables in a new file, and refuses what is not ours.

        Inside a write transaction.
        """
        (found,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (n_tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found != application and (found or version or n_tables):
            raise StorageDamagedError(
                f"{self.path} is another program's SQLite file; choose another path"
            )
        if version > schema:
            raise StorageVersionError(
                f"{self.path} has schema {version}, this luthier reads up to {schema}; upgrade "
                "luthier to open it"
            )
        self.found = version or schema
        if version == 0:
            for statement in tables.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {application}")
        for old in range(version or schema, schema):
            for statement in upgrades[old].split(";"):
                db.execute(statement)
        if version != schema:
            db.execute(f"PRAGMA user_version = {schema}")
        _patiently(db, "COMMIT")
        _patiently(db, "PRAGMA journal_mode = WAL")
        size = os.path.getsize(self.path)
        if (
            size <= _CHECKED_BYTES
            and (problem := _patiently(db, "PRAGMA quick_check(1)")[0]) != "ok"
        ):
            raise sqlite3.DatabaseError(problem)
        if size % _patiently(db, "PRAGMA page_size")[0]:
            raise sqlite3.DatabaseError("it ends within a page")
        self._identity = _identity(self.path)
        _patiently(db, "BEGIN")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as e:  # the latter where a torn schema is quoted
            error = self._translation(e)
            if isinstance(error, StorageDamagedError):
                self.close()
            raise error from e

    def _translation(self, e: Exception) -> StorageError:
        code, name = getattr(e, "sqlite_errorcode", 0) & 0xFF, getattr(e, "sqlite_errorname", "")
        unreadable = not code and type(e) in (
            sqlite3.DatabaseError,
            sqlite3.OperationalError,
            UnicodeDecodeError,
        )
        if code in _DAMAGED or unreadable or any(text in str(e) for text in _TORN):
            return StorageDamagedError(
                f"{self.path} is damaged or not a SQLite file ({e}); restore it from a copy, or "
                "save what can be read "
                "with the sqlite3 command's .recover"
            )
        if code == sqlite3.SQLITE_FULL or name in _FULL:
            return StorageFullError(
                f"no space left for {self.path} ({e}); finished trials are safe. Free some space "
                "and run again"
            )
        if code in _READONLY:
            return StorageReadOnlyError(
                f"{self.path} cannot be written ({e}); check the rights of the file and its folder"
            )
        if code == sqlite3.SQLITE_BUSY:
            return StorageError(
                f"{self.path} was locked by another process for {_BUSY_S:g} s; is one of them "
                "stuck?"
            )
        return StorageError(f"{self.path}: {e}")


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Says of content that does not read as a trial that the file is torn."""
    try:
        yield
    except (TypeError, ValueError) as e:
        raise sqlite3.DatabaseError(f"unreadable content: {e}") from e


def _patiently(db: sqlite3.Connection, statement: str, args: tuple[Any, ...] = ()) -> Any:
    """Waits for its turn in short random naps.

    Fairer among many processes than SQLite's own growing ones.
    """
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            cursor = db.execute(statement, args)
            first = cursor.fetchone()
            cursor.close()
            return first
        except sqlite3.OperationalError as e:
            if e.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.0002, 0.002))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


_here: weakref.WeakSet[File] = weakref.WeakSet()
_forking: list[File] = []
_fork = threading.Lock()  # two threads may fork at once


def _before_fork() -> None:
    _fork.acquire()
    _forking[:] = list(_here)
    for file in _forking:
        file._lock.acquire()
        file.close()


def _after_fork() -> None:
    for file in _forking:
        file._lock.release()
    _forking.clear()
    _fork.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
