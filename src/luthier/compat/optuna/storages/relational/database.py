"""A database in which Optuna keeps studies: one connection, transactions, its tables."""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .....passwords import hide_password
from .....storages.sql_connection import Connection
from ....remarks import refuse
from ...exceptions import StorageInternalError
from ...version import __version__
from .schema import DIALECTS, ENUMS, INDEXES, OLDER, REVISION, SCHEMA, TABLES

_TIMEOUT_S = 60.0


class Database:
    """Tables of Optuna behind a URL of SQLAlchemy's form.

    SQLite is opened directly, which is many times cheaper than through SQLAlchemy; servers through
    SQLAlchemy and the driver that the URL names.

    Args:
        url: Such as "sqlite:///optuna.db" or "postgresql://user:password@host/database".
        options: Of SQLAlchemy's `create_engine`. For SQLite the timeout in `connect_args` counts.

    Raises:
        ImportError: The driver is not installed.
        CompatError: No such database is supported.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None) -> None:
        self.url = url
        self._options = dict(options or {})
        self.kind = url.partition(":")[0].partition("+")[0]
        self.kind = {"postgres": "postgresql", "mariadb": "mysql"}.get(self.kind, self.kind)
        if self.kind not in DIALECTS:
            raise refuse(
                f"a database of {hide_password(url)}",
                "Use a URL that begins with sqlite://, postgresql:// or mysql://.",
            )
        self._lock = threading.RLock()
        self._engine: Any = None
        self._held: Any = None  # the connection
        self._depth = 0
        self._pid = os.getpid()

    # -- connections ----------------------------------------------------------------------------

    def dispose(self) -> None:
        """Close the connection; the next transaction opens it again."""
        with self._lock:
            if self._held is not None and self._pid == os.getpid():
                with contextlib.suppress(Exception):
                    self._held.close()
                    if self._engine is not None:
                        self._engine.dispose()
            self._held = None

    def __del__(self) -> None:
        if hasattr(self, "_pid"):  # it was made
            self.dispose()

    def _open(self) -> Any:
        if self._held is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._held = self._open_sqlite() if self.kind == "sqlite" else self._open_server()
        return self._held

    def _open_sqlite(self) -> sqlite3.Connection:
        path = self.url.partition("://")[2].removeprefix("/")
        path, _, query = path.partition("?")
        arguments = self._options.get("connect_args", {})
        try:
            connection = sqlite3.connect(
                f"{path}?{query}" if query else path or ":memory:",
                timeout=float(arguments.get("timeout", _TIMEOUT_S)),
                isolation_level=None,
                check_same_thread=False,
                uri=path.startswith("file:"),
            )
        except sqlite3.Error as e:
            raise StorageInternalError(f"cannot open {path!r}: {e}") from e
        with contextlib.suppress(sqlite3.Error):  # a file that cannot be written is read
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _open_server(self) -> Any:
        try:
            from sqlalchemy import create_engine, make_url
        except ImportError as e:
            raise ImportError(
                "Failed to import DB access module for the specified storage URL. Please install "
                "appropriate one: pip install 'luthier[postgres]' or 'luthier[mysql]'."
            ) from e
        if self._engine is None:
            address = make_url(self.url)
            drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
            if "+" not in address.drivername:
                address = address.set(drivername=drivers[self.kind])
            try:
                self._engine = create_engine(address, **self._options)
            except ImportError as e:
                raise ImportError(
                    "Failed to import DB access module for the specified storage URL. Please "
                    "install appropriate one."
                ) from e
        return self._engine.raw_connection()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Any]:
        """Run statements as one; nested ones belong to the outermost.

        Yields:
            What executes statements, with '?' for arguments.

        Raises:
            StorageInternalError: The database refused them.
        """
        with self._lock:
            held = self._open()
            runner = held if self.kind == "sqlite" else Connection(held.driver_connection)
            if self._depth:
                yield runner
                return
            self._depth += 1
            try:
                if self.kind == "sqlite":
                    held.execute("BEGIN IMMEDIATE")
                yield runner
                held.execute("COMMIT") if self.kind == "sqlite" else held.commit()
            except BaseException as e:
                self._roll_back(held)
                if _is_database_error(e):
                    raise StorageInternalError(
                        "An exception is raised during the commit. This typically happens due to "
                        f"invalid data in the commit, e.g. exceeding max length: {e}"
                    ) from e
                raise
            finally:
                self._depth -= 1

    def _roll_back(self, held: Any) -> None:
        with contextlib.suppress(Exception):
            if self.kind != "sqlite":
                held.rollback()
            elif held.in_transaction:
                held.execute("ROLLBACK")
            return
        self._held = None  # a connection that cannot be rolled back is lost

    def read(self, statement: str, args: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        if self.kind == "sqlite":  # one statement sees one moment anyway
            with self._lock:
                try:
                    return self._open().execute(self.spell(statement), args).fetchall()  # type: ignore[no-any-return]
                except sqlite3.Error as e:
                    raise StorageInternalError(f"cannot read {self.url!r}: {e}") from e
        with self.transaction() as run:
            return list(run.execute(self.spell(statement), args).fetchall())

    def insert(self, statement: str, args: Sequence[Any], serial: str) -> int:
        """Insert a row and return its number, which is in the column `serial`."""
        with self.transaction() as run:
            if self.kind == "mysql":
                run.execute(self.spell(statement), args)
                return int(run.execute("SELECT LAST_INSERT_ID()").fetchone()[0])
            return int(
                run.execute(f"{self.spell(statement)} RETURNING {serial}", args).fetchone()[0]
            )

    def spell(self, statement: str) -> str:
        """A statement in the words of this database."""
        return statement.replace('"key"', "`key`") if self.kind == "mysql" else statement

    @property
    def foreign_changes(self) -> int | None:
        """A number that changes when another connection has written; None where there is none."""
        if self.kind != "sqlite":
            return None
        return int(self.read("PRAGMA data_version")[0][0])

    def time(self, moment: datetime.datetime | None) -> Any:
        """A moment as the database takes it."""
        if self.kind == "sqlite" and moment is not None:
            return moment.isoformat(sep=" ", timespec="microseconds")
        return moment

    # -- tables ---------------------------------------------------------------------------------

    def has_tables(self) -> bool:
        """Whether there are studies of Optuna.

        Raises:
            CompatError: The studies there are another library's.
        """
        try:
            self.read("SELECT version_num FROM alembic_version")
        except StorageInternalError:
            pass
        else:
            return True
        try:
            self.read("SELECT 1 FROM studies LIMIT 1")
        except StorageInternalError:
            return False
        try:
            self.read("SELECT version_info_id FROM version_info")
        except StorageInternalError:
            raise refuse(
                f"{hide_password(self.url)}, which holds no studies of Optuna, as a storage",
                "For studies of luthier use luthier.load_study(storage=...), or another file.",
            ) from None
        return True

    def create_tables(self) -> None:
        """Make the tables, where they are not there."""
        words = DIALECTS[self.kind]
        with self.transaction() as run:
            for name, values in ENUMS.items() if self.kind == "postgresql" else ():
                listed = ", ".join(map(repr, values))
                run.execute(
                    f"DO $$ BEGIN CREATE TYPE {name} AS ENUM ({listed}); "
                    "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
                )
            for table in TABLES:
                run.execute(table.format(**words))
            for index in INDEXES if self.kind != "mysql" else ():
                run.execute(index)
            if not run.execute("SELECT version_num FROM alembic_version").fetchall():
                run.execute("INSERT INTO alembic_version VALUES (?)", (REVISION,))
            if not run.execute("SELECT 1 FROM version_info").fetchall():
                row = (1, SCHEMA, __version__)
                run.execute("INSERT INTO version_info VALUES (?, ?, ?)", row)

    def revision(self) -> str | None:
        """The revision of the tables; None where nobody has noted it."""
        found = self.read("SELECT version_num FROM alembic_version")
        return str(found[0][0]) if found else None

    def check_revision(self) -> None:
        """Refuse tables of another schema.

        Raises:
            RuntimeError: They are of another one.
        """
        try:
            found = self.revision()
        except StorageInternalError:
            found = None  # the first versions noted none
        if found == REVISION:
            return
        library = self.read("SELECT library_version FROM version_info")
        by = library[0][0] if library else "another version"
        text = (
            f"The runtime optuna version {__version__} is no longer compatible with the table "
            f"schema (set up by optuna {by}). "
        )
        if found is None or found in OLDER:
            raise RuntimeError(
                f"{text}Please execute `$ optuna storage upgrade --storage $STORAGE_URL` of "
                f"Optuna itself for upgrading the storage from {found or 'its first tables'} to "
                f"{REVISION}."
            )
        raise RuntimeError(
            f"{text}Its revision {found} is not known here; please try a newer version of luthier."
        )


def _is_database_error(error: BaseException) -> bool:
    """Whether an error is a driver's."""
    return any(c.__name__ == "Error" and "." not in c.__qualname__ for c in type(error).__mro__)
