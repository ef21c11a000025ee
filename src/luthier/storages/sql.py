"""Studies in PostgreSQL, MySQL or MariaDB: for many machines.

SQLAlchemy provides connections and knows the drivers' errors; the statements are those of every
database here. Writers of one study follow one another by the lock on its row (see `Relational`);
readers see one moment and wait for nobody.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..errors import LuthierError
from ..passwords import hide_password
from ..trial.record import ReportValue, State, TrialRow
from .base import SCHEMA, TurnedOver
from .checksums import UNREADABLE, checksum_trial
from .codec import encode_body, to_json, value_to_column
from .forks import ForkAware, follow_forks
from .relational import Relational
from .relational_reader import SELECT_TRIAL, Transaction
from .server_clock import ServerClock
from .server_urls import local_folder, with_options
from .sql_connection import Connection
from .sql_dialects import DIALECTS
from .sql_engine import make_engine, prepare, read_identity, read_max_bytes
from .sql_errors import translate
from .table_rows import read_trial
from .transitions import end, first_lease

if TYPE_CHECKING:
    from sqlalchemy import Engine


# One statement for a whole verb, where the database can: no worker waits for one that has a lock.
_ADD = """
WITH s AS (
    UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + 1
    WHERE id = ? AND n_trials = ? RETURNING id, revision, n_trials
) INSERT INTO luthier_trials
SELECT id, n_trials - 1, revision, ?, ?, ?, ?, ?, ?, ? FROM s RETURNING number, revision
"""
_FINISH = """
WITH s AS (UPDATE luthier_studies SET revision = revision + 1 WHERE id = ? RETURNING revision)
UPDATE luthier_trials
SET revision = s.revision, state = ?, lease_s = 0, retries = ?, body = ?, checksum = ? FROM s
WHERE study = ? AND number = ? AND token = ? AND state = 1 RETURNING luthier_trials.revision
"""
_OFFER = """
WITH s AS (
    UPDATE luthier_studies SET revision = revision + 1, n_trials = n_trials + 1
    WHERE id = ? AND n_trials BETWEEN ? AND ? AND spec_revision <= ?
    AND NOT EXISTS (SELECT 1 FROM luthier_trials WHERE study = ? AND revision > ? AND state = 0)
    {is_held} RETURNING id, revision, n_trials - 1 AS number
), begun AS (
    INSERT INTO luthier_trials
    SELECT s.id, s.number, s.revision, 1, 1, ?, 0, o.body, NULL, o.checksum
    FROM s JOIN unnest(?::bigint[], ?::text[], ?::bigint[]) AS o (number, body, checksum)
    USING (number) RETURNING number, revision
){ended} SELECT number, revision, {n_ended} FROM begun
"""
_BEGIN = _OFFER.format(
    is_held="""AND NOT EXISTS (
        SELECT 1 FROM luthier_trials WHERE study = ? AND revision > ? AND body = ANY(?::text[])
    )""",  # an earlier attempt has begun it
    ended="",
    n_ended="1",
)
_TURN_OVER = _OFFER.format(
    is_held="""AND EXISTS (
        SELECT 1 FROM luthier_trials WHERE study = ? AND number = ? AND token = 1 AND state = 1
    )""",
    ended=""", ended AS (
    UPDATE luthier_trials
    SET revision = s.revision, state = ?, lease_s = 0, retries = 0, body = ?, checksum = ? FROM s
    WHERE study = ? AND luthier_trials.number = ? AND token = 1 AND state = 1 RETURNING 1
)""",
    n_ended="(SELECT count(*) FROM ended)",
)

# MySQL's, which has no RETURNING.
_UPSERT_REPORT = "REPLACE INTO luthier_reports VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_STUDY = """
INSERT IGNORE INTO luthier_studies (name, title, spec, created_s, checksum)
VALUES (?, ?, ?, ?, ?)
"""
_RAISE_REVISION = """
UPDATE luthier_studies
SET revision = last_insert_id(revision + 1), n_trials = n_trials + ? WHERE id = ?
"""


class SQL(Relational, ForkAware):
    """Studies in a database on a server. Its verbs fail while the server is away; see `Retrying`.

    Args:
        url: "postgresql://user:password@host:port/database", or "mysql://...". The database must
            exist; its tables are made.
        options: Further options of the driver, such as "sslmode".
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
        checkpoints: A folder or URL that all workers can write to; None for a folder on this
            machine.
        answer_s: How long an answer may take, in seconds.
        read_only: Change nothing when it is opened: refuse a database without tables.

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
        answer_s: float = 60.0,
        read_only: bool = False,
    ) -> None:
        super().__init__(lease_s, max_retries)
        self._arguments = url, dict(options or {}), lease_s, max_retries, checkpoints, answer_s
        self._read_only = read_only
        own: dict[str, Any] = {
            "lease_s": self.lease_s,
            "max_retries": self.max_retries,
            "checkpoints": checkpoints,
        }
        self.url = with_options(url, own | dict(options or {}))
        self.folder = checkpoints or local_folder(url)
        self.place = hide_password(url)
        self._dialect = DIALECTS[url.partition(":")[0].partition("+")[0]]
        self._has_returning = self._dialect.extra == "postgres"  # UPDATE ... RETURNING
        if not self._has_returning:
            self._UPSERT_REPORT = _UPSERT_REPORT
        self._engine: Engine | None = None
        self._max_bytes: int | None = None  # of a statement
        self._opening = threading.Lock()
        self._found_schema = SCHEMA  # the one that `upgrade` has found
        self._clock = ServerClock(self._server_s)
        follow_forks(self)

    def __repr__(self) -> str:
        return f"SQL({self.place!r})"

    def now(self) -> float:
        return self._clock.now()

    def _server_s(self) -> float:
        return float(self._query_one(self._dialect.now, ())[0])

    # -- what Relational asks for

    def _study_key(self, name: str) -> tuple[str, str | None]:
        encoded = to_json(name)  # as JSON, since a name may hold any character
        return hashlib.sha256(encoded.encode()).hexdigest(), encoded

    def _column(self, value: ReportValue) -> float | str:
        column = value_to_column(value)
        return column if isinstance(column, str) else repr(column)

    def _insert_study(self, db: Transaction, record: tuple[Any, ...]) -> int | None:
        if self._has_returning:
            return super()._insert_study(db, record)
        if not db.execute(_INSERT_STUDY, record).rowcount:
            return None
        return int(db.execute("SELECT last_insert_id()").fetchone()[0])

    def _raise_revision(
        self, db: Transaction, study: int, n_new: int = 0, expected: int | None = None
    ) -> tuple[int, int] | None:
        if self._has_returning:
            return super()._raise_revision(db, study, n_new, expected)
        update = _RAISE_REVISION
        args: tuple[int, ...] = (n_new, study)
        if expected is not None:
            update = f"{update} AND n_trials = ?"
            args = (*args, expected)
        if not db.execute(update, args).rowcount:
            return None
        now = "SELECT last_insert_id(), n_trials FROM luthier_studies WHERE id = ?"
        revision, n = db.execute(now, (study,)).fetchone()
        return int(revision), int(n)

    def _write(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._transaction("BEGIN")

    def _read(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._transaction(self._dialect.read)

    def _query_one(self, statement: str, args: Sequence[Any]) -> Any:
        with self._connect() as db:
            return db.execute(statement, args).fetchone()

    # -- the verbs of every trial, in one statement where the database can

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        is_simple = len(rows) == 1 and not rows[0].reports and expected is not None
        if not self._has_returning or not is_simple:
            return super().add_trials(study, rows, expected, call)

        [row] = rows
        token, lease_s = first_lease(row.state, self.now() + self.lease_s)
        state = int(row.state)
        body = encode_body(row)
        checksum = checksum_trial(study, expected or 0, state, token, row.retries, body)
        record = (state, token, lease_s, row.retries, body, call, checksum)
        added = self._query_one(_ADD, (study, expected, *record))
        if added is None:  # why not is found out step by step
            return super().add_trials(study, rows, expected, call)
        return int(added[0]), int(added[1])

    def finish(self, study: int, row: TrialRow) -> int:
        if not self._has_returning:
            return super().finish(study, row)

        # What is read here, turns and retries, changes with the token alone.
        found = self._query_one(SELECT_TRIAL, (study, row.number))
        old = None
        with contextlib.suppress(*UNREADABLE):  # damage is told of below
            old = None if found is None else read_trial(study, found)
        if old is not None and old.state == State.RUNNING and old.token == row.token:
            new = end(row, old)
            state = int(new.state)
            body = encode_body(new)
            checksum = checksum_trial(study, new.number, state, new.token, new.retries, body)
            columns = (state, new.retries, body, checksum)
            done = self._query_one(_FINISH, (study, *columns, study, new.number, new.token))
            if done is not None:
                return int(done[0])
        return super().finish(study, row)

    def turn_over(
        self,
        study: int,
        row: TrialRow | None,
        offers: Sequence[TrialRow],
        since: int,
    ) -> TurnedOver:
        # Under its first token a trial has neither turns nor retries, so that none are read.
        is_first = row is None or row.token == 1
        if not self._has_returning or not offers or not is_first:
            return super().turn_over(study, row, offers, since)

        numbers = [offer.number for offer in offers]
        bodies = [encode_body(offer) for offer in offers]
        begin = (study, numbers[0], numbers[-1], since, study, since)
        until = self.now() + self.lease_s
        running = int(State.RUNNING)
        checksums = [
            checksum_trial(study, n, running, 1, 0, b) for n, b in zip(numbers, bodies, strict=True)
        ]
        offered = (until, numbers, bodies, checksums)
        statement, args = _BEGIN, [*begin, study, since, bodies, *offered]
        if row is not None:
            state = int(row.state)
            body = encode_body(replace(row, turns=()))
            ended = (state, body, checksum_trial(study, row.number, state, 1, 0, body))
            held = (study, row.number)
            statement, args = _TURN_OVER, [*begin, *held, *offered, *ended, *held]

        with self._transaction("BEGIN") as db:
            turned = db.execute(statement, args)
            asked = self._ask_changes(db, study, since, None)
        done = turned.fetchone()
        if done is None:  # why not is found out step by step
            return super().turn_over(study, row, offers, since)
        begun, revision, n_ended = map(int, done)
        if row is not None and not n_ended:  # it was lost, or ended, in this very moment
            self.release(study, begun, 1, retried=False)
            return super().turn_over(study, row, offers, since)
        try:
            others = self._take_changes(asked[0].fetchone(), asked, study, since, None)
        except UNREADABLE:
            others = self.changes(study, since)  # which tells of the damage
        return TurnedOver(begun, revision, others)

    # -- connections

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        with self._connect() as db, db.pipeline():
            db.execute(begin)
            try:
                yield db
            except Exception:
                with contextlib.suppress(Exception):  # the connection may be what failed
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _connect(self) -> Iterator[Connection]:
        """Take a connection of this process's pool.

        One that failed, or whose work was interrupted, is not used again.
        """
        with self._translate_errors():
            pooled = self._open().raw_connection()
            try:
                yield Connection(pooled.driver_connection, self._max_bytes)
            except BaseException as e:
                if not isinstance(e, LuthierError):
                    pooled.invalidate()
                raise
            finally:
                pooled.close()

    def _open(self, upgrade: bool = False) -> Engine:
        with self._opening:
            if self._engine is None:
                url, options, *_, answer_s = self._arguments
                engine = make_engine(url, options, self._dialect, self.place, answer_s)
                try:
                    self._found_schema = prepare(
                        engine, self._dialect, self.place, upgrade, self._read_only
                    )
                    self._max_bytes = read_max_bytes(engine, self._dialect)
                    self.database = read_identity(engine, self._dialect)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def upgrade(self) -> tuple[int, int]:
        self.close()
        with self._translate_errors():
            self._open(upgrade=True)
        return self._found_schema, SCHEMA

    @contextlib.contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise errors of SQLAlchemy and its drivers as luthier's."""
        try:
            yield
        except (LuthierError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except Exception as e:
            error = translate(getattr(e, "orig", None) or e, self._dialect, self.place)
            if error is e:
                raise
            raise error from e

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

    def after_fork(self, in_child: bool) -> None:
        """Leave the parent's connections alone in a child, which makes its own."""
        if not in_child:
            return
        self._opening = threading.Lock()
        if self._engine is not None:
            self._engine.dispose(close=False)
            self._engine = None
