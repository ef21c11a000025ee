"""A database on a server: how it is connected to, and how its tables are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import (
    StorageError,
    StorageUnreachableError,
    StorageVersionError,
    explain_missing,
)
from .base import SCHEMA
from .checksums import add_checksums
from .sql_connection import Connection
from .sql_dialects import TABLES, UPGRADES, Dialect
from .sql_errors import translate

if TYPE_CHECKING:
    from sqlalchemy import Engine

_FIXED = {"autocommit", "charset"}  # options of the driver that nobody else sets


def make_engine(
    url: str, options: Mapping[str, str], dialect: Dialect, place: str, answer_s: float
) -> Engine:
    """Return what makes connections.

    One connection stays; further ones are made for threads, and closed again.

    Args:
        url: Of the database.
        options: Of the driver.
        dialect: Of the database.
        place: The storage, for messages.
        answer_s: How long the server may be silent when it is asked, in seconds.

    Raises:
        MissingDependencyError: SQLAlchemy or the driver is not installed.
        StorageError: The URL or an option makes no sense.
    """
    try:
        from sqlalchemy import create_engine, event, make_url
    except ImportError:
        raise explain_missing(place, "SQLAlchemy", dialect.extra) from None

    # This option of psycopg's is a number, or "none" behind PgBouncer.
    options = dict(options)
    own = {**dialect.connect, **dict.fromkeys(dialect.answer_options, answer_s)}
    connect = {name: v for name, v in own.items() if name not in options or name in _FIXED}
    if (n := options.pop("prepare_threshold", "5")) != "5":
        connect["prepare_threshold"] = int(n) if n.isdecimal() else None

    try:
        address = make_url(url).set(drivername=dialect.driver).update_query_dict(options)
        engine = create_engine(
            address,
            connect_args=connect,
            pool_size=1,
            max_overflow=16,
            pool_timeout=60.0,
            pool_reset_on_return=None,
            pool_use_lifo=True,
        )
    except ModuleNotFoundError as e:
        raise explain_missing(place, str(e.name), dialect.extra) from None
    except Exception as e:  # its text may quote the password
        raise StorageError(f"{place} is no URL of a database ({type(e).__name__})") from None

    connect_to: Callable[..., Any] = engine.dialect.connect
    if not dialect.answer_options:
        from .psycopg_connection import bounded

        connect_to = bounded(answer_s).connect

    @event.listens_for(engine, "do_connect")
    def refuse_options(dialect: Any, record: Any, args: Any, options: Any) -> Any:
        try:
            return connect_to(*args, **options)
        except (TypeError, ValueError) as e:
            raise StorageError(
                f"{place}: {e}; see the driver's documentation for what may follow the '?'"
            ) from None

    @event.listens_for(engine, "connect")
    def begin_session(connection: Any, record: Any) -> None:
        try:
            for statement in dialect.session:
                Connection(connection).execute(statement)
        except BaseException:
            connection.close()
            raise

    return engine


def prepare(
    engine: Engine, dialect: Dialect, place: str, upgrade: bool, read_only: bool = False
) -> int:
    """Make the tables where there are none, and refuse those of another schema.

    Args:
        engine: The database.
        dialect: Of the database.
        place: The storage, for messages.
        upgrade: Upgrade tables of an older schema.
        read_only: Refuse a database without tables.

    Returns:
        The schema that was found; the present one where there were no tables.

    Raises:
        StorageVersionError: The tables are of another schema.
        StorageUnreachableError: Another worker is making them.
        StorageError: There are none, and none may be made.
    """
    pooled = engine.raw_connection()
    try:
        db = Connection(pooled.driver_connection)
        found = _read_schema(db, dialect)
        before = found or SCHEMA
        if found is None and read_only:
            raise StorageError(f"{place} has no tables of luthier, so there is no study in it")
        if found is None or (upgrade and found < SCHEMA):
            before = _make_tables(db, dialect, place) or SCHEMA
            found = SCHEMA
    finally:
        pooled.invalidate()  # whatever happened, locks and all
        pooled.close()

    if found > SCHEMA:
        raise StorageVersionError(
            f"{place} has schema {found}, this luthier reads up to {SCHEMA}; upgrade luthier to "
            "open it"
        )
    if found < SCHEMA:
        raise StorageVersionError(
            f"{place} has schema {found}, this luthier needs {SCHEMA}: stop all workers and run "
            "'luthier storage upgrade'"
        )
    return before


def read_max_bytes(engine: Engine, dialect: Dialect) -> int | None:
    """Return how large a statement may be; None where the server has no such bound."""
    if not dialect.max_bytes:
        return None
    pooled = engine.raw_connection()
    try:
        return int(Connection(pooled.driver_connection).execute(dialect.max_bytes).fetchone()[0])
    finally:
        pooled.close()


def read_identity(engine: Engine, dialect: Dialect) -> str | None:
    """Return what tells the database from all others; None where the server does not say."""
    pooled = engine.raw_connection()
    try:
        return str(Connection(pooled.driver_connection).execute(dialect.identity).fetchone()[0])
    except Exception as e:
        error = translate(e, dialect, "")
        if isinstance(error, StorageUnreachableError) or not isinstance(error, StorageError):
            raise
        return None  # no right to ask, or no such function
    finally:
        pooled.close()


def _make_tables(db: Connection, dialect: Dialect, place: str) -> int | None:
    """Make or upgrade the tables under a lock of the whole database, and return what was found."""
    db.execute("BEGIN")
    if db.execute(dialect.lock).fetchone()[0] == 0:
        raise StorageUnreachableError(f"{place} is being prepared by another worker")

    found = _read_schema(db, dialect)  # another worker may have been quicker
    steps = [UPGRADES.get(v) for v in range(found, SCHEMA)] if found else [TABLES]
    if None in steps:
        raise StorageVersionError(
            f"{place} has schema {found}, from which there is no way to {SCHEMA}"
        )
    for step in steps:
        for statement in str(step).format(**dialect.types).split(";"):
            if statement.strip() and not _is_done(db, dialect, statement):
                db.execute(statement)
    if steps:
        add_checksums(db)
        db.execute("DELETE FROM luthier_schema")
        db.execute("INSERT INTO luthier_schema VALUES (?)", (SCHEMA,))

    db.execute("COMMIT")
    if dialect.unlock:
        db.execute(dialect.unlock)
    return found


def _is_done(db: Connection, dialect: Dialect, statement: str) -> bool:
    """Whether a statement adds a column that is there.

    On MySQL, an upgrade that was cut off has done some of its statements.
    """
    added = re.match(r"\s*ALTER TABLE (\w+) ADD COLUMN (\w+)", statement)
    if added is None:
        return False
    columns = f"FROM information_schema.columns WHERE table_schema = {dialect.schema}"
    (n,) = db.execute(
        f"SELECT count(*) {columns} AND table_name = ? AND column_name = ?", added.groups()
    ).fetchone()
    return bool(n)


def _read_schema(db: Connection, dialect: Dialect) -> int | None:
    """Return the schema of the tables; None where there are none."""
    tables = f"FROM information_schema.tables WHERE table_schema = {dialect.schema}"
    (there,) = db.execute(f"SELECT count(*) {tables} AND table_name = 'luthier_schema'").fetchone()
    if not there:
        return None
    found = db.execute("SELECT version FROM luthier_schema").fetchone()
    return None if found is None else int(found[0])
