"""Studies on a Redis server: the quickest storage for many machines.

What survives a crash is for the server to say.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import redis
from msgspec.structs import replace
from redis import exceptions as failures
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..errors import (
    StorageDamagedError,
    StorageDeniedError,
    StorageError,
    StorageFullError,
    StorageUnreachableError,
    StorageVersionError,
    StudyExistsError,
    StudyNotFoundError,
    TrialError,
)
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import redis_scripts as scripts
from . import transitions
from .base import SCHEMA, Changes, Report, Storage, StudyRecord, hide_password
from .codec import encode_body, to_json, value_from_column
from .local_folder import local_folder
from .redis_scripts import decode_row, encode_report, encode_row, params_digest
from .server_clock import Clock

logger = logging.getLogger("luthier")

_CALL_S = 86_400  # how long a call of add_trials is known again
# how much is read at once, in rows or so: a large study does not keep other workers waiting
_PAGE = 5_000
_OPTIONS = (
    "client_name",
    "db",
    "health_check_interval",
    "max_connections",
    "password",
    "prefix",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_timeout",
    "username",
)
_PLACE = r"unix://.*|rediss?://([^@/#]*@)?([^@/#:\[\]]*|\[[0-9A-Fa-f:.]*\])(:[0-9]{1,5})?(/[0-9]*)?"
_DENIED = (failures.AuthenticationError, failures.AuthorizationError, failures.NoPermissionError)
_DENIALS = ("DENIED", "The user executing the script", "ACL failure")
_AWAY = (
    failures.ConnectionError,
    failures.TimeoutError,
    failures.ReadOnlyError,
    failures.MasterDownError,
    OSError,
)

_warned: set[str] = set()  # of which servers this process has said that they may forget


class Redis(Storage):
    """Studies on a Redis server (5 or later; Valkey too).

    One round trip a verb, two where a trial changes hands.

    A verb is one Lua script, which is done or not. What survives a crash of the *server* is for its
    settings to say: with `appendonly yes` and `appendfsync always` all that was acknowledged, with
    `appendfsync everysec` all but the last second or so, with snapshots only (Redis's default) all
    but the last minutes; a worker that finds such a loss stops with StorageDamagedError. What a
    crash of *workers* leaves is safe in any case. The server must not evict keys (`maxmemory-policy
    noeviction`). Redis Cluster is not supported: a study lives on one server.

    Args:
        url: "redis://[[user]:password@]host[:port][/database]", "rediss://..." (TLS) or
            "unix:///path/of/socket".
        options: Of redis-py, such as ssl_ca_certs, socket_timeout or password; and prefix, which
            all keys begin with.
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
        checkpoints: A folder or URL for checkpoints that all workers can write to; None for one on
            this machine.

    Raises:
        StorageError: The URL or an option makes no sense.
    """

    def __init__(
        self,
        url: str,
        options: dict[str, str] | None = None,
        lease_s: float = 60.0,
        max_retries: int = 2,
        checkpoints: str | None = None,
    ) -> None:
        super().__init__(lease_s, max_retries)
        self._place, _, query = url.partition("?")
        self._options = {**dict(parse_qsl(query)), **(options or {})}
        self._arguments = self._place, self._options, lease_s, max_retries, checkpoints
        if not re.fullmatch(_PLACE, self._place):  # which is not quoted: it may hold a password
            raise StorageError(
                "expected a URL such as 'redis://user:password@host:6379/0', where special "
                "characters of the password "
                f"are written as %40, %2F, ...; got one that does not read so, of {len(url)} "
                "characters"
            )
        unknown = [k for k in self._options if k not in _OPTIONS and not k.startswith("ssl_")]
        if unknown:
            raise StorageError(
                f"expected an option among {', '.join(_OPTIONS)}, ssl_..., got {unknown[0]!r}"
            )
        prefix = self._options.get("prefix", "luthier")
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", prefix):
            raise StorageError(f"prefix is made of letters, digits and _ . -, got {prefix!r}")
        self._schema = f"{prefix}:schema"
        self._studies = f"{prefix}:studies"
        kept = {
            **self._options,
            "lease_s": self.lease_s,
            "max_retries": self.max_retries,
            "checkpoints": checkpoints,
        }
        self.url = f"{self._place}?{urlencode({k: v for k, v in kept.items() if v is not None})}"
        self._lock = threading.Lock()
        self._pool: Any = None
        self._clock = Clock(self._server_s)
        database = self._connections().connection_kwargs.get("db", 0)
        self.folder = checkpoints or local_folder(f"{self._place}/{database}/{prefix}")
        _here.add(self)

    def __repr__(self) -> str:
        return f"Redis({hide_password(self._place)!r})"

    def now(self) -> float:
        return self._clock.now()

    # -- studies
    # ------------------------------------------------------------------------------------------

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now = self.now()
        study = self._run(scripts.CREATE, None, name, to_json(spec), now)
        if not study:
            raise StudyExistsError(
                f"study {name!r} exists in {self!r}; load it, or pass load_if_exists=True"
            )
        return StudyRecord(study, name, dict(spec), now)

    def study(self, name: str) -> StudyRecord:
        found = self._records(name)
        if not found:
            names = [record.name for record in self.studies()[:20]]
            raise StudyNotFoundError(f"no study {name!r} in {self!r}; there are {names}")
        return found[0]

    def studies(self) -> list[StudyRecord]:
        return self._records()

    def _records(self, *name: str) -> list[StudyRecord]:
        found, records = self._run(scripts.STUDIES, None, *name), []
        with self._readable():
            for study, named, (spec, created_s, *counts) in found:
                by_state = {state: int(n) for state, n in enumerate(counts) if n and int(n)}
                decoded = msgspec.json.decode(spec)
                records.append(
                    StudyRecord(int(study), named.decode(), decoded, float(created_s), by_state)
                )
        return sorted(records, key=lambda record: record.id)

    def update_study(self, study: int, spec: Mapping[str, Any]) -> None:
        self._run(scripts.UPDATE, study, to_json(spec))

    def delete_study(self, study: int) -> None:
        self._run(scripts.DELETE, study, self._studies)

    # -- trials
    # ------------------------------------------------------------------------------------------

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        until = self.now() + self.lease_s
        args: list[Any] = ["" if expected is None else expected, call or "", _CALL_S]
        for row in rows:
            token, lease_s = (1, until) if row.state == State.RUNNING else (0, 0.0)
            args += [encode_row(replace(row, token=token, lease_s=lease_s)), len(row.reports)]
            for step, value in sorted(dict(row.reports).items()):
                args += encode_report(step, value)
        first, revision = self._run(scripts.ADD, study, *args)
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
        def change(row: TrialRow) -> tuple[TrialRow, bool] | None:
            claimed = transitions.claim(
                row,
                worker,
                self.now(),
                self.lease_s,
                self.max_retries,
                turn,
                token,
                checkpoints,
            )
            return None if claimed is None else (claimed, True)

        row, revision = self._change(study, number, change)
        return row if row is not None and row.state == State.RUNNING else None, revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        args = [x for number, token in tokens.items() for x in (int(number), int(token))]
        self._run(scripts.EXTEND, study, self.now() + self.lease_s, *args)

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
        if checkpoints is None:
            known = params_digest(params) if params else ""
            revision = self._run(
                scripts.REPORT, study, number, token, until, known, *encode_report(step, value)
            )
            if revision:
                return int(revision)

        def change(row: TrialRow) -> tuple[TrialRow, bool]:
            transitions.require_token(row, token)
            return transitions.report(row, until, checkpoints, params)

        return self._change(study, number, change, *encode_report(step, value))[1]

    def finish(self, study: int, row: TrialRow) -> int:
        rest = f"{params_digest(row.params)} {encode_body(replace(row, turns=()))}"
        revision = self._run(scripts.FINISH, study, row.number, row.token, int(row.state), rest)
        if revision:
            return int(revision)

        def change(old: TrialRow) -> tuple[TrialRow, bool] | None:
            ended = transitions.finish(row, replace(old, reports=()))
            return None if ended is None else (ended, True)

        return self._change(study, row.number, change)[1]

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        def change(row: TrialRow) -> tuple[TrialRow, bool]:
            transitions.require_token(row, token)
            return transitions.release(row, retried, self.max_retries, self.now()), True

        return self._change(study, number, change)[1]

    def changes(self, study: int, since: int) -> Changes:
        rows: dict[int, str] = {}
        reports: dict[tuple[int, float], Report] = {}  # by revision
        revision = since + 1
        while since < revision:  # what changes while we read stands in a later page
            revision, entries, numbers, found = self._unpacked(scripts.CHANGES, study, since, _PAGE)
            if revision < since:
                raise StorageDamagedError(
                    f"{self!r} has lost what it had acknowledged: the study is at revision "
                    f"{revision}, expected "
                    f"{since} or later. Load it again to go on with what is left; 'appendonly yes' "
                    "there keeps more"
                )
            since += len(entries)
            rows.update(zip(numbers, found, strict=True))
            with self._readable():
                for line in (line for entry in entries for line in entry.split("\n")[1:]):
                    number, step, value = line.split(" ")
                    report = Report(int(number), float(step), value_from_column(value))
                    reports.pop((report.number, report.step), None)
                    reports[report.number, report.step] = report
        with self._readable():
            return Changes(
                revision,
                [decode_row(number, rows[number]) for number in sorted(rows)],
                [*reports.values()],
            )

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        if numbers is not None:
            return [row for row, _ in self._read(study, *(int(n) for n in numbers))[1]]
        everything = self.changes(study, 0)
        reports: dict[int, list[tuple[float, ReportValue]]] = {}
        for r in everything.reports:
            reports.setdefault(r.number, []).append((r.step, r.value))
        return [
            replace(row, reports=tuple(sorted(reports.get(row.number, ()))))
            for row in everything.rows
        ]

    def _read(self, study: int, *numbers: int) -> tuple[int, list[tuple[TrialRow, str]]]:
        """The study's revision, and some trials with their reports, also as they are stored."""
        revision, found = self._unpacked(scripts.READ, study, *numbers)
        rows = []
        with self._readable():
            for number, (stored, reports) in zip(numbers, found, strict=True):
                pairs = [
                    (float(s), value_from_column(v))
                    for s, v in zip(reports[::2], reports[1::2], strict=True)
                ]
                rows.append((decode_row(number, stored, pairs), stored))
        return revision, rows

    def _change(
        self,
        study: int,
        number: int,
        change: Callable[[TrialRow], tuple[TrialRow, bool] | None],
        *told: str,
    ) -> tuple[TrialRow | None, int]:
        """Puts a trial in the place of what it was, and a report beside it.

        Args:
            study: The study's id.
            number: Which trial.
            change: From what is stored to what shall be, and whether that is news; None to leave it
                as it is. It is asked again when somebody else was quicker.
            told: A report, or nothing.

        Returns:
            The new trial, None if there is none, and the study's revision.
        """
        while True:
            revision, [(old, stored)] = self._read(study, number)
            changed = change(old)
            if changed is None:
                return None, revision
            new, listed = changed
            swapped = self._run(
                scripts.SWAP, study, number, stored, encode_row(new), int(listed), *told
            )
            if swapped:
                return new, swapped

    # -- the server
    # ------------------------------------------------------------------------------------------

    def _run(self, script: scripts.Script, study: int | None, *args: str | float) -> Any:
        """The answer of a script about a study, or about all of them."""
        key = self._studies if study is None else f"{self._studies}:{study}"
        with self._translated():
            try:
                answer = _answer(self._connected(), "EVALSHA", script.sha, 1, key, *args)
            except failures.NoScriptError:
                answer = _answer(self._connected(), "EVAL", script.text, 1, key, *args)
        if answer is None:
            if study is not None and _answer(self._connected(), "EXISTS", key):
                raise TrialError("the study has no such trial")
            raise StudyNotFoundError("the study was deleted")
        return answer

    def _unpacked(self, script: scripts.Script, study: int, *args: int) -> Any:
        answer = self._run(script, study, *args)
        with self._readable():
            return msgspec.msgpack.decode(answer)

    def _connected(self) -> Any:
        """The connections; where they are new, the server is looked at first."""
        if (pool := self._pool) is None:
            with self._lock:
                if (pool := self._pool) is None:
                    pool = self._connections()
                    self._look_at(pool)
                    self._pool = pool
        return pool

    def _connections(self) -> Any:
        """A pool of connections, none of which has been made yet."""
        query = urlencode({k: v for k, v in self._options.items() if k != "prefix"})
        network = {} if self._place.startswith("unix:") else {"socket_keepalive": True}
        try:
            pool = redis.ConnectionPool.from_url(
                f"{self._place}?{query}",
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=30.0,
                socket_connect_timeout=10.0,
                health_check_interval=30,
                max_connections=10_000,
                **network,
            )
            pool.make_connection()  # complains of options; it does not connect
        except (TypeError, ValueError, failures.RedisError) as e:
            raise StorageError(f"expected a URL and options that redis-py knows: {e}") from e
        return pool

    def _look_at(self, pool: Any) -> None:
        """Refuses what a newer luthier has written, and warns of a server that may forget."""
        schema = _answer(pool, "EVAL", scripts.SCHEMA.text, 1, self._schema, SCHEMA)
        if not schema.isdigit():
            raise StorageDamagedError(
                f"{self._schema!r} in {self!r} is another program's; choose another '?prefix='"
            )
        if int(schema) > SCHEMA:
            raise StorageVersionError(
                f"{self!r} has schema {int(schema)}, this luthier reads up to {SCHEMA}; upgrade "
                "luthier to open it"
            )
        if self._place not in _warned:
            settings: dict[bytes, bytes] = {}
            with contextlib.suppress(failures.ResponseError):  # many operators forbid CONFIG
                for pattern in ("appendonly", "maxmemory*"):
                    found = _answer(pool, "CONFIG", "GET", pattern)
                    settings.update(zip(found[::2], found[1::2], strict=True))
            _warned.add(self._place)
            if settings.get(b"appendonly") == b"no":
                logger.warning(
                    "%r keeps no append-only file, so a crash loses minutes; set 'appendonly yes'",
                    self,
                )
            if settings.get(b"maxmemory", b"0") != b"0" and settings[
                b"maxmemory-policy"
            ].startswith(b"allkeys"):
                logger.warning(
                    "%r drops studies when it is full; set 'maxmemory-policy noeviction' there",
                    self,
                )

    def _server_s(self) -> float:
        with self._translated():
            seconds, microseconds = _answer(self._connected(), "TIME")
        return int(seconds) + int(microseconds) / 1e6

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        """Says of content that does not read as luthier's that it is not."""
        try:
            yield
        except (AttributeError, TypeError, ValueError) as e:
            raise StorageDamagedError(
                f"{self!r} has unreadable content ({e}); restore it from a copy"
            ) from e

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (failures.RedisError, OSError) as e:
            raise self._translation(e) from e

    def _translation(self, e: Exception) -> StorageError:
        said = str(e)
        if isinstance(e, _DENIED) or said.startswith(_DENIALS):
            return StorageDeniedError(
                f"{self!r} refuses: {said}; check user, password and their rights"
            )
        if isinstance(e, failures.OutOfMemoryError) or said.startswith("MISCONF"):
            return StorageFullError(
                f"no room in {self!r}, in memory or on its disk ({said}); finished trials are "
                "safe. Make room and run "
                "again"
            )
        if isinstance(e, _AWAY) or said.startswith(("BUSY ", "NOREPLICAS")):
            return StorageUnreachableError(f"{self!r} does not answer: {said}")
        if isinstance(e, failures.AskError | failures.ClusterError):
            return StorageError(
                f"{self!r} belongs to a Redis Cluster; expected a single server ({said})"
            )
        return StorageError(f"{self!r}: {said}")

    def close(self) -> None:
        pool = self._pool
        self._pool = None
        if pool is not None:
            pool.disconnect(inuse_connections=False)  # those in use end with their verb

    def __getstate__(self) -> tuple[Any, ...]:
        return self._arguments

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]


def _answer(pool: Any, *command: str | float) -> Any:
    """The answer to a command."""
    connection = pool.get_connection()
    try:
        connection.send_command(*command)
        return connection.read_response()
    except failures.ResponseError:
        raise
    except (
        BaseException
    ):  # an interrupt may leave an answer unread, which is not the next question's
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


_here: weakref.WeakSet[Redis] = weakref.WeakSet()


def _before_fork() -> None:
    for storage in list(_here):
        if storage._pool is not None:  # it stays, for threads that are within a verb
            storage._pool.disconnect(inuse_connections=False)


def _after_fork() -> None:
    for storage in list(_here):
        storage._pool = None
        storage._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
