"""Studies in PostgreSQL, MySQL or MariaDB: for many machines.

SQLAlchemy gives the connections and knows the drivers' errors; the statements are those of every
database here. Writers of one study take turns by the lock on its row (see `Relational`); readers
see one moment and wait for nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..errors import (
    LuthierError,
    MissingDependencyError,
    StorageDamagedError,
    StorageDeniedError,
    StorageError,
    StorageFullError,
    StorageUnreachableError,
    StorageVersionError,
)
from ..trial.record import ReportValue, State, TrialRow
from .base import SCHEMA, hide_password
from .codec import decode_trial, encode_body, to_json, value_to_column
from .local_folder import local_folder
from .relational import TRIAL, Relational, Transaction
from .server_clock import Clock
from .sql_connection import Connection
from .sql_dialects import DIALECTS, TABLES, UPGRADES
from .transitions import end

if TYPE_CHECKING:
    from sqlalchemy import Engine


_ADD = """
WITH s AS (
    UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + 1 WHERE id = ? AND {}
    RETURNING id, revision, n_trials
) INSERT INTO luthier_trials SELECT id, n_trials - 1, revision, ?, ?, ?, ?, ?, ? FROM s RETURNING number, revision
"""
_FINISH = """
WITH s AS (UPDATE luthier_studies SET revision = revision + 1 WHERE id = ? RETURNING revision)
UPDATE luthier_trials SET revision = s.revision, state = ?, lease_s = 0, retries = ?, body = ? FROM s
WHERE study = ? AND number = ? AND token = ? AND state = 1 RETURNING luthier_trials.revision
"""


class SQL(Relational):
    """Studies in a database on a server. Its verbs fail while the server is away; see `Retrying`.

    Args:
        url: "postgresql://user:password@host:port/database", or "mysql://...". The database must
            exist; its tables are made.
        options: What the driver is to be told besides, as "sslmode".
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
        checkpoints: A folder or URL that all workers can write to; None for a folder on this
            machine.

    Raises:
        MissingDependencyError: SQLAlchemy or the driver is not installed.
        StorageDeniedError: A wrong user or password, or no right to use the database.
        StorageVersionError: A newer luthier made the tables, or an older one that must be upgraded
            first.
        StorageUnreachableError: The server does not answer.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, str] | None = None,
        lease_s: float = 60.0,
        max_retries: int = 2,
        checkpoints: str | None = None,
    ) -> None:
        super().__init__(lease_s, max_retries)
        self._arguments = url, dict(options or {}), lease_s, max_retries, checkpoints
        kept = {
            "lease_s": self.lease_s,
            "max_retries": self.max_retries,
            "checkpoints": checkpoints,
            **(options or {}),
        }
        self.url = f"{url}?{urlencode({k: v for k, v in kept.items() if v is not None})}"
        self.folder = checkpoints or local_folder(url)
        self.place = hide_password(url)
        self._dialect = DIALECTS[url.partition(":")[0].partition("+")[0]]
        self._returns = self._dialect.extra == "postgres"  # UPDATE ... RETURNING
        if not self._returns:
            self._UPSERT = "REPLACE INTO luthier_reports VALUES (?, ?, ?, ?, ?)"
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        self.found = SCHEMA  # the schema that `upgrade` found
        self._clock = Clock(self._server_s)
        _here.add(self)

    def __repr__(self) -> str:
        return f"SQL({self.place!r})"

    def now(self) -> float:
        return self._clock.now()

    def _server_s(self) -> float:
        return float(self._glance(self._dialect.now, ())[0])

    # -- what Relational asks for
    # -----------------------------------------------------------------------------------

    def _key(self, name: str) -> tuple[str, str | None]:
        encoded = to_json(name)  # as JSON, since a name may hold any character
        return hashlib.sha256(encoded.encode()).hexdigest(), encoded

    def _value(self, value: ReportValue) -> float | str:
        plain = value_to_column(value)
        return plain if isinstance(plain, str) else repr(plain)

    def _made(self, db: Transaction, record: tuple[Any, ...]) -> int | None:
        if self._returns:
            return super()._made(db, record)
        insert = (
            "INSERT IGNORE INTO luthier_studies (name, title, spec, created_s) VALUES (?, ?, ?, ?)"
        )
        if not db.execute(insert, record).rowcount:
            return None
        return int(db.execute("SELECT last_insert_id()").fetchone()[0])

    def _raised(
        self, db: Transaction, study: int, n_new: int = 0, expected: int | None = None
    ) -> tuple[int, int] | None:
        if self._returns:
            return super()._raised(db, study, n_new, expected)
        update = (
            "UPDATE luthier_studies SET revision = last_insert_id(revision + 1), n_trials = "
            "n_trials + ? WHERE id = ?"
        )
        args: tuple[int, ...] = (n_new, study)
        if expected is not None:
            update, args = f"{update} AND n_trials = ?", (*args, expected)
        if not db.execute(update, args).rowcount:
            return None
        now = "SELECT last_insert_id(), n_trials FROM luthier_studies WHERE id = ?"
        revision, n = db.execute(now, (study,)).fetchone()
        return int(revision), int(n)

    def _write(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._transaction("BEGIN")

    def _read(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._transaction(self._dialect.read)

    def _glance(self, statement: str, args: Sequence[Any]) -> Any:
        with self._connected() as db:
            return db.execute(statement, args).fetchone()

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (TypeError, ValueError) as e:
            raise StorageDamagedError(
                f"{self.place} holds what is no trial ({e}); restore the database from a copy"
            ) from e

    # -- the verbs of every trial, in one statement where the database can: no worker is waited for
    # that has a lock --

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        if not self._returns or len(rows) != 1 or rows[0].reports:
            return super().add_trials(study, rows, expected, call)
        [row] = rows
        token, lease_s = (1, self.now() + self.lease_s) if row.state == State.RUNNING else (0, 0.0)
        record = (int(row.state), token, lease_s, row.retries, encode_body(row), call)
        if expected is not None:
            added = self._glance(_ADD.format("n_trials = ?"), (study, expected, *record))
        else:  # a call that is made again comes here once more
            unless = "NOT EXISTS (SELECT 1 FROM luthier_trials WHERE study = ? AND request = ?)"
            added = self._glance(_ADD.format(unless), (study, study, call, *record))
        return (
            super().add_trials(study, rows, expected, call)
            if added is None
            else (int(added[0]), int(added[1]))
        )

    def finish(self, study: int, row: TrialRow) -> int:
        if self._returns:
            found = self._glance(
                TRIAL, (study, row.number)
            )  # its turns and retries change with its token alone
            with self._readable():
                old = None if found is None else decode_trial(found)
            if old is not None and old.state == State.RUNNING and old.token == row.token:
                new = end(row, old)
                args = (
                    study,
                    int(new.state),
                    new.retries,
                    encode_body(new),
                    study,
                    new.number,
                    new.token,
                )
                if (done := self._glance(_FINISH, args)) is not None:
                    return int(done[0])
        return super().finish(study, row)

    # -- connections
    # ------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        with self._connected() as db, db.pipelined():
            db.execute(begin)
            try:
                yield db
            except Exception:
                with contextlib.suppress(Exception):  # the connection may be what failed
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection of this process's.

        One that failed, or whose work was interrupted, is not used again.
        """
        with self._translated():
            pooled = self._open().raw_connection()
            try:
                yield Connection(pooled.driver_connection)
            except BaseException as e:
                if not isinstance(e, LuthierError):
                    pooled.invalidate()
                raise
            finally:
                pooled.close()

    def _open(self, upgrade: bool = False) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = self._connects()
                try:
                    self._prepare(engine, upgrade)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _connects(self) -> Engine:
        """What makes connections: one stays, further ones are made for threads and closed again."""
        name = self._dialect.extra
        try:
            from sqlalchemy import create_engine, event, make_url
        except ImportError:
            raise MissingDependencyError(
                f"{self.place} needs SQLAlchemy: pip install 'luthier[{name}]'"
            ) from None
        url, options = self._arguments[0], dict(self._arguments[1])
        connect = dict(self._dialect.connect)
        if (n := options.pop("prepare_threshold", "5")) != "5":  # psycopg's; "none" for PgBouncer
            connect["prepare_threshold"] = int(n) if n.isdecimal() else None
        try:
            address = make_url(url).set(drivername=self._dialect.driver).update_query_dict(options)
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
            raise MissingDependencyError(
                f"{self.place} needs {e.name}: pip install 'luthier[{name}]'"
            ) from None
        except (
            Exception
        ) as e:  # SQLAlchemy's word for a URL that is none; it may quote the password
            raise StorageError(
                f"{self.place} is no URL of a database ({type(e).__name__})"
            ) from None

        @event.listens_for(engine, "connect")
        def begin_session(connection: Any, record: Any) -> None:
            try:
                for statement in self._dialect.session:
                    Connection(connection).execute(statement)
            except BaseException:
                connection.close()
                raise

        return engine

    def _prepare(self, engine: Engine, upgrade: bool) -> None:
        """Makes the tables where there are none, and refuses those of another schema."""
        pooled = engine.raw_connection()
        try:
            db = Connection(pooled.driver_connection)
            found = self._version(db)
            if found is None or (upgrade and found < SCHEMA):
                db.execute("BEGIN")
                if db.execute(self._dialect.lock).fetchone()[0] == 0:
                    raise StorageUnreachableError(
                        f"{self.place} is being prepared by another worker"
                    )
                found = self._version(db)  # another worker may have been quicker
                steps = [UPGRADES.get(v) for v in range(found, SCHEMA)] if found else [TABLES]
                if None in steps:
                    raise StorageVersionError(
                        f"{self.place} has schema {found}, from which there is no way to {SCHEMA}"
                    )
                for step in steps:
                    for statement in str(step).format(**self._dialect.types).split(";"):
                        if statement.strip():
                            db.execute(statement)
                if steps:
                    db.execute("DELETE FROM luthier_schema")
                    db.execute("INSERT INTO luthier_schema VALUES (?)", (SCHEMA,))
                db.execute("COMMIT")
                if self._dialect.unlock:
                    db.execute(self._dialect.unlock)
                self.found = found or SCHEMA
                found = SCHEMA
        finally:
            pooled.invalidate()  # whatever happened, locks and all
            pooled.close()
        if found > SCHEMA:
            raise StorageVersionError(
                f"{self.place} has schema {found}, this luthier reads up to {SCHEMA}; upgrade "
                "luthier to open it"
            )
        if found < SCHEMA:
            raise StorageVersionError(
                f"{self.place} has schema {found}, this luthier needs {SCHEMA}: stop all workers "
                "and run "
                "'luthier storage upgrade'"
            )

    def _version(self, db: Connection) -> int | None:
        tables = f"FROM information_schema.tables WHERE table_schema = {self._dialect.schema}"
        if not db.execute(f"SELECT count(*) {tables} AND table_name = 'luthier_schema'").fetchone()[
            0
        ]:
            return None
        found = db.execute("SELECT version FROM luthier_schema").fetchone()
        return None if found is None else int(found[0])

    def upgrade(self) -> tuple[int, int]:
        self.close()
        self.found = SCHEMA
        with self._translated():
            self._open(upgrade=True)
        return self.found, SCHEMA

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (LuthierError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except Exception as e:
            error = self._translation(getattr(e, "orig", None) or e)
            if error is e:
                raise
            raise error from e

    def _translation(self, e: Any) -> Exception:
        """A driver's error in luthier's words; what is no driver's error stays as it is."""
        kinds = [kind.__name__ for kind in type(e).__mro__]
        if isinstance(e, TimeoutError) or "TimeoutError" in kinds:
            return StorageUnreachableError(
                f"{self.place}: all connections of this process are in use"
            )
        if (
            "OperationalError" not in kinds
            and "DatabaseError" not in kinds
            and "InterfaceError" not in kinds
        ):
            return e if isinstance(e, Exception) else RuntimeError(str(e))
        code = e.args[0] if e.args and isinstance(e.args[0], int) else getattr(e, "sqlstate", None)
        said = str(e.args[-1] if e.args else e).strip().split("\n")[0]
        d = self._dialect
        if code in d.denied or (
            code is None and ("authentication failed" in said or "no password" in said)
        ):
            return StorageDeniedError(
                f"{self.place} refuses: {said}; check user, password and rights in the URL"
            )
        if code in d.full:
            return StorageFullError(
                f"no space left for {self.place} ({said}); finished trials are safe. Free some "
                "space and run again"
            )
        if code in ("3D000", 1049) or (code is None and "does not exist" in said):
            return StorageError(
                f"{self.place}: {said}; the database and the user must exist, the tables are made"
            )
        if code is None and said.startswith("invalid"):
            return StorageError(
                f"{self.place}: {said}; see the driver's documentation for what may follow the '?'"
            )
        if code in d.busy:
            return StorageUnreachableError(f"{self.place} is busy ({said})")
        gone = (
            code is None
            or str(code).startswith("08")
            or (isinstance(code, int) and 2000 <= code < 3000)
        )
        if gone or (code == 0 and "InterfaceError" in kinds):
            return StorageUnreachableError(f"{self.place} does not answer ({said})")
        return StorageError(f"{self.place}: {said}")

    def close(self) -> None:
        with self._opening:
            engine = self._engine
            self._engine = None
        if engine is not None:
            engine.dispose()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return SQL, self._arguments

    def _after_fork(self) -> None:
        """A child leaves its parent's connections alone and makes its own."""
        self._opening = threading.Lock()
        if self._engine is not None:
            self._engine.dispose(close=False)
            self._engine = None


_here: weakref.WeakSet[SQL] = weakref.WeakSet()


def _after_fork() -> None:
    for storage in _here:
        storage._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
