"""One SQLite file and this process's connection to it: transactions, waiting, forks, errors."""

from __future__ import annotations

import contextlib
import os
import random
import re
import sqlite3
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ..attempts import is_exhausted
from ..errors import (
    LuthierError,
    StorageDamagedError,
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageUnreachableError,
    StorageVersionError,
    UnstorableError,
)
from .checksums import add_checksums
from .forks import ForkAware, follow_forks

_BUSY_S = 120.0  # how long a lock is waited for
# How a file is checked when it is opened, by its size: all of it, its structure, or not at all.
_WHOLLY_CHECKED_BYTES = 2**23  # takes 11 ms a megabyte
_CHECKED_BYTES = 2**25  # takes 3 ms a megabyte
_LOG_HEAD_BYTES = 32  # with which a write-ahead log begins that holds anything
_INDEX_VERSION = 3007000  # of the index of such a log
_LOOKS = 20  # at a log that seems to be lost, before it is
_LOOK_S = 0.05  # between two of them
_TICK_NS = 2_000_000_000  # for so long a file system may give the same time to two changes
_TRUST_S = 1.0  # for so long a folder's times are trusted, as some file systems never change them
_Identity = tuple[int, int]
_opened: set[_Identity] = set()  # files that this process has opened
_opening = threading.Lock()
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DAMAGED_TEXTS = ("no such table", "no such column", "unsupported file format")
_READ_ONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
# Statements that make a table or an index of columns; all others could run what the file says.
_NAMES = r"\( ?\w+(?: ?, ?\w+)* ?\)"
_COLUMN = r"\w+(?: \w+)*(?: ?\( ?\d+(?: ?, ?\d+)? ?\)(?: \w+)*)?"
_ITEM = rf"(?:(?:PRIMARY KEY|UNIQUE) ?{_NAMES}|{_COLUMN})"
_PLAIN = re.compile(
    rf"CREATE TABLE \w+ ?\( ?{_ITEM}(?: ?, ?{_ITEM})* ?\)(?: WITHOUT ROWID)?"
    rf"|CREATE (?:UNIQUE )?INDEX \w+ ON \w+ ?{_NAMES}(?: WHERE \w+ IS NOT NULL)?",
    re.IGNORECASE,
)
_FULL = {
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_SHMSIZE",
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_DIR_FSYNC",
}


class File(ForkAware):
    """A database file in write-ahead mode, for any number of threads, processes and forks.

    No connection crosses a fork: it is closed before, and opened again by the next transaction on
    either side.

    Args:
        path: The file; it is made when it does not exist, its folder is not.
        application: The number in the header that distinguishes our files from others.
        schema: The number of the tables' present form; a file with a larger one is refused.
        tables: The statements that make the tables in a new file.
        upgrades: By schema, the statements that turn a file of that schema into one of the next.
        read_only: Refuse a file that has no tables, or an older schema; read one that cannot be
            written.

    Attributes:
        found: The schema that the file had when it was opened.

    Raises:
        StorageError: As `SQLite` says.
    """

    def __init__(
        self,
        path: Path,
        application: int,
        schema: int,
        tables: str,
        upgrades: Mapping[int, str],
        read_only: bool = False,
    ) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: _Identity | None = None  # once it has been opened
        self._name = str(path)
        self._log_path, self._index_path = _find_log_paths(path)
        self._log: tuple[_Identity, _Identity] | None = None  # that the connection writes to
        self._read_only = read_only
        self._fixed: tuple[int, ...] | None = None  # the file's state, where nobody writes to it
        self._folder = str(path.parent)
        self._folder_state: tuple[int, ...] | None = None  # in which all files were found
        self._trusted_until_s = 0.0  # by the monotonic clock
        self._is_link = path.is_symlink()
        self._lock = threading.RLock()
        follow_forks(self)
        with self.read() if read_only else self.write() as db:
            version = self._read_version(db, application, schema)
            if read_only:
                self._require_version(version, schema)
            else:
                self._make_tables(db, version, application, schema, tables, upgrades)
            self._settle(db, read_only)

    def write(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction beside which no other one may write."""
        return self._transaction("BEGIN IMMEDIATE")

    def read(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction that sees one moment."""
        return self._transaction("BEGIN")

    def query_one(self, query: str, args: tuple[Any, ...]) -> Any:
        """Return the first row of a query, or None, without the cost of a transaction."""
        with self._lock, self._translate_errors():
            return _wait_and_execute(self._open_checked(), query, args)

    def stamp(self) -> tuple[int, ...] | None:
        """Return size and time of the log, which a write changes; None where there is no log."""
        try:
            status = os.stat(self._log_path)
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def persist(self) -> None:
        """Wait until what was committed is on the disk; a commit itself does not wait for it.

        What is in the main file is there already. No descriptor of that one is opened: to close it
        would release SQLite's locks.
        """
        try:
            with open(self._log_path, "rb+") as log:
                os.fsync(log.fileno())
        except FileNotFoundError:
            return
        except OSError as e:
            raise StorageError(f"{self._log_path} cannot be written to the disk: {e}") from e

    def verify(self) -> None:
        """Raise StorageDamagedError where the file is torn, however large it is."""
        with self.read() as db:
            (problem,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            if problem != "ok":
                raise sqlite3.DatabaseError(problem)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            self._log = None
            self._folder_state = None

    def before_fork(self) -> None:
        self._lock.acquire()
        self.close()

    def after_fork(self, in_child: bool) -> None:
        global _opening
        self._lock.release()
        if in_child:
            _opening = threading.Lock()

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """Commit at the end, and roll back on any error."""
        with self._lock, self._translate_errors():
            writes = begin != "BEGIN"
            db = self._open_checked()
            try:
                _wait_and_execute(db, begin)
                # The first read, which may have to wait, fixes the moment that the others see.
                if not writes:
                    _wait_and_execute(db, "SELECT 1 FROM sqlite_master")
                if self._log is None:  # from here on the log is there until we close it
                    self._log = self._find_log()
                yield db
                # What is acknowledged is in the file and in the log that others read.
                is_theirs = not writes or self._has_its_files()
                _wait_and_execute(db, "COMMIT" if is_theirs else "ROLLBACK")
            except BaseException:
                if db.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                raise
            if not is_theirs:
                self._refuse_lost_files()

    def _open_checked(self) -> sqlite3.Connection:
        """Return the connection, if the file and its log are those that it uses."""
        if self._fixed is not None and self._fixed != self._find_fixed():
            self.close()  # somebody writes to it after all
        db = self._open()
        if not self._has_its_files():
            self._refuse_lost_files()
        return db

    def _open(self) -> sqlite3.Connection:
        """Return the connection to the file that was opened first.

        Where that was deleted meanwhile, no new one is made.
        """
        if self._connection is None:
            if self._identity is not None and _identity(self._name) != self._identity:
                self._refuse_lost_files()
            if self._identity is None and not self.path.parent.is_dir():
                raise StorageError(f"the folder {self.path.parent} does not exist; make it first")
            if self.path.exists() and not self.path.is_file():
                what = "a folder" if self.path.is_dir() else "a device or a pipe"
                raise StorageError(f"{self.path} is {what}; expected a file")
            if n := _count_lost_pages_once(self.path):
                raise StorageDamagedError(
                    f"{self.path} lacks its write-ahead log {self.path.name}-wal, and with it what "
                    f"was written last ({n} pages): put that file back, or take 'luthier storage "
                    "repair' to go on with what is left"
                )
            self._fixed = self._find_fixed() if self._read_only else None
            self._connection = sqlite3.connect(
                f"{self.path.as_uri()}{'' if self._fixed is None else '?immutable=1'}",
                uri=True,
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
                    "trusted_schema = OFF",
                ):
                    _wait_and_execute(self._connection, f"PRAGMA {pragma}")
            except BaseException:
                self.close()
                raise
        return self._connection

    def _has_its_files(self) -> bool:
        """Whether the file, its log and the index of that are those that the connection uses.

        To make, delete or rename a file changes the times of its folder, so that one look at the
        folder tells that nothing has happened to any of them. A time that is not over yet tells
        nothing: then, as in a folder where files come and go, and once a second in any case, each
        of them is looked at.
        """
        now_s = time.monotonic()
        state = _state_of(self._folder)
        is_same = state is not None and state == self._folder_state
        if is_same and now_s < self._trusted_until_s:
            return True
        if self._identity is not None and _identity(self._name) != self._identity:
            return False
        if self._log is not None and self._log != self._find_log():
            return False
        is_settled = state is not None and time.time_ns() - max(state[2:]) > _TICK_NS
        is_whole = self._identity is not None and self._log is not None
        self._folder_state = state if is_settled and is_whole and not self._is_link else None
        self._trusted_until_s = now_s + _TRUST_S
        return True

    def _find_fixed(self) -> tuple[int, ...] | None:
        """Return the state of a file whose folder this process cannot write; None where it can.

        Without a log that somebody else has made there, SQLite reads the file only if it is told
        that nobody writes to it.
        """
        return (
            None
            if os.path.lexists(self._log_path) or os.access(self._folder, os.W_OK)
            else _state_of(self._name)
        )

    def _refuse_lost_files(self) -> NoReturn:
        """Refuse to go on where a file was deleted or replaced while it was in use.

        What a lost log held is moved to the file first, as this connection still reaches it.
        """
        if self._connection is None or _identity(self._name) != self._identity:
            self.close()
            raise StorageDamagedError(
                f"{self.path} was deleted or replaced while it was in use; open the study anew"
            )
        is_saved = False
        with contextlib.suppress(sqlite3.Error):
            busy, n_pages, n_moved = self._connection.execute(
                "PRAGMA wal_checkpoint(FULL)"
            ).fetchone()
            is_saved = not busy and n_pages == n_moved
        self.close()
        kept = "all that was acknowledged is in the file" if is_saved else "what it held is lost"
        raise StorageDamagedError(
            f"the write-ahead log of {self.path}, or its index, was deleted or replaced while it "
            f"was in use; {kept}. Leave -wal and -shm alone, and open the study anew"
        )

    def _find_log(self) -> tuple[_Identity, _Identity] | None:
        """Return the identities of the write-ahead log and its index; None without them."""
        log = _identity(self._log_path)
        index = _identity(self._index_path)
        return None if log is None or index is None else (log, index)

    def _read_version(self, db: sqlite3.Connection, application: int, schema: int) -> int:
        """Return the schema of the file, 0 for a new one, and refuse what is not ours."""
        (found,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (n_tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found != application and (found or version or n_tables):
            raise StorageDamagedError(
                f"{self.path} is another program's SQLite file; choose another path"
            )
        made = (sql for (sql,) in db.execute("SELECT sql FROM sqlite_master") if sql is not None)
        if not all(map(_is_plain, made)):
            raise StorageDamagedError(
                f"{self.path} holds views, triggers or virtual tables, or tables and indexes with "
                "expressions, which would run what they say; luthier makes none: remove them, or "
                "choose another path"
            )
        if version > schema:
            raise StorageVersionError(
                f"{self.path} has schema {version}, this luthier reads up to {schema}; upgrade "
                "luthier to open it"
            )

        self.found = version or schema
        return int(version)

    def _require_version(self, version: int, schema: int) -> None:
        """Refuse a file that would have to be changed."""
        if version == 0:
            raise StorageDamagedError(f"{self.path} is an empty file, which holds no study")
        if version < schema:
            raise StorageVersionError(
                f"{self.path} has schema {version}, this luthier needs {schema}: stop all workers "
                "and run 'luthier storage upgrade'"
            )

    @staticmethod
    def _make_tables(
        db: sqlite3.Connection,
        version: int,
        application: int,
        schema: int,
        tables: str,
        upgrades: Mapping[int, str],
    ) -> None:
        """Make the tables in a new file, and upgrade an old one, in a write transaction."""
        if version == 0:
            for statement in tables.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {application}")
        for old in range(version or schema, schema):
            for statement in upgrades[old].split(";"):
                db.execute(statement)
        if version not in (0, schema):
            add_checksums(db)
        if version != schema:
            db.execute(f"PRAGMA user_version = {schema}")

    def _settle(self, db: sqlite3.Connection, read_only: bool) -> None:
        """Check the file once it has its tables; ends the transaction, and leaves another open."""
        _wait_and_execute(db, "COMMIT")
        if not read_only:  # the journal's mode can only be set outside of a transaction
            _wait_and_execute(db, "PRAGMA journal_mode = WAL")
        self._check(db)
        self._identity = _identity(self.path)
        _wait_and_execute(db, "BEGIN")

    def _check(self, db: sqlite3.Connection) -> None:
        """Raise DatabaseError where the file is torn."""
        size = os.path.getsize(self.path)
        if size <= _CHECKED_BYTES:
            check = "integrity_check" if size <= _WHOLLY_CHECKED_BYTES else "quick_check"
            (problem,) = _wait_and_execute(db, f"PRAGMA {check}(1)")
            if problem != "ok":
                raise sqlite3.DatabaseError(problem)
        (page_size,) = _wait_and_execute(db, "PRAGMA page_size")
        if size % page_size:
            raise sqlite3.DatabaseError("it ends within a page")

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise SQLite's errors as luthier's."""
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as e:  # the latter where a torn schema is quoted
            error = self._translate(e)
            if isinstance(error, StorageDamagedError):
                self.close()
            raise error from e

    def _translate(self, e: Exception) -> LuthierError:
        code = getattr(e, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_TOOBIG or isinstance(e, sqlite3.DataError):
            return UnstorableError(f"{self.path} does not take this: {e}")
        name = getattr(e, "sqlite_errorname", "")
        unreadable = not code and type(e) in (
            sqlite3.DatabaseError,
            sqlite3.OperationalError,
            UnicodeDecodeError,
        )
        if code in _DAMAGED or unreadable or any(text in str(e) for text in _DAMAGED_TEXTS):
            return StorageDamagedError(
                f"{self.path} is damaged or not a SQLite file ({e}); restore it from a copy, or "
                "save what can be read with 'luthier storage repair'"
            )
        if code == sqlite3.SQLITE_FULL or name in _FULL:
            return StorageFullError(
                f"no space left for {self.path} ({e}); finished trials are safe. Free some space "
                "and run again"
            )
        if code == sqlite3.SQLITE_CANTOPEN and (reason := _find_exhaustion(self.path)):
            return StorageFullError(f"{self.path} cannot be opened ({reason})")
        if code in _READ_ONLY:
            return StorageReadOnlyError(
                f"{self.path} cannot be written ({e}); check the rights of the file and its folder"
            )
        if code == sqlite3.SQLITE_BUSY:
            return StorageUnreachableError(
                f"{self.path} was locked by another process for {_BUSY_S:g} s; is one of them "
                "stuck?"
            )
        return StorageError(f"{self.path}: {e}")


def _is_plain(statement: str) -> bool:
    """Return whether a statement only makes a table or an index of columns."""
    return _PLAIN.fullmatch(" ".join(statement.replace('"', "").split())) is not None


def _wait_and_execute(db: sqlite3.Connection, statement: str, args: tuple[Any, ...] = ()) -> Any:
    """Run a statement and return its first row; while the file is locked, try again.

    Pauses are short and random. Among many processes that is fairer than SQLite's own, which grow.
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


def _find_exhaustion(path: Path) -> str | None:
    """Return what the machine is out of, if that is why a file cannot be opened."""
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as e:
        return str(e) if is_exhausted(e) else None
    return None


def _count_lost_pages_once(path: Path) -> int:
    """Return `count_lost_pages` for a file that this process has not opened yet, else 0.

    To close a file lets go of all locks that the process has on it, those of SQLite too.
    """
    identity = _identity(path)
    with _opening:
        if identity is None or identity in _opened:
            return 0
        # Processes that open or close the file change the log and its index one after the other.
        for _ in range(_LOOKS):
            n_lost = count_lost_pages(path)
            if not n_lost:
                _opened.add(identity)
                break
            time.sleep(_LOOK_S)
        return n_lost


def count_lost_pages(path: Path) -> int:
    """Return how many pages a file's write-ahead log had that are nowhere any more.

    The index of the log, which is left where processes were killed, says how many it had and how
    many of them were moved to the file. No connection of this process may be open to the file.
    """
    log_path, index_path = _find_log_paths(path)
    with contextlib.suppress(OSError, struct.error):
        if os.path.exists(log_path) and os.path.getsize(log_path) >= _LOG_HEAD_BYTES:
            return 0
        with open(index_path, "rb") as index:
            head = index.read(100)
        version, _, _, is_valid, _, _, n_pages = struct.unpack_from("=IIIBBHI", head)
        (n_moved,) = struct.unpack_from("=I", head, 96)
        if version == _INDEX_VERSION and is_valid:
            return int(max(n_pages - n_moved, 0))
    return 0


def _find_log_paths(path: Path) -> tuple[str, str]:
    """Return where SQLite has the log and its index: beside the file that a link leads to."""
    real = os.path.realpath(path)
    return f"{real}-wal", f"{real}-shm"


def _state_of(path: str) -> tuple[int, ...] | None:
    """Return device and inode of a file or folder, and when it was changed.

    A folder changes when a file in it is made, deleted or renamed.
    A copy that is put back may bring the first of the two times along, never the second.
    """
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _identity(path: str | Path) -> _Identity | None:
    """Return device and inode of a file; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
