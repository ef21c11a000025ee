"""Studies on a Redis server: the fastest storage for many machines."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import replace

from ..errors import (
    StorageDamagedError,
    StorageError,
    StorageVersionError,
    StudyExistsError,
    StudyNotFoundError,
    TrialError,
)
from ..passwords import hide_password
from ..trial.record import ReportValue, State, TrialRow, Turn
from . import redis_scripts as scripts
from . import transitions
from .base import SCHEMA, Changes, Report, Storage, StudyRecord, no_study, with_reports
from .checksums import UNREADABLE
from .codec import to_json
from .forks import ForkAware, follow_forks
from .paging import STUDIES
from .redis_scripts import (
    decode_report,
    decode_row,
    encode_content,
    encode_report,
    encode_row,
    make_checksum,
    params_digest,
    require_checksum,
)
from .redis_server import make_pool, run_script, send_command, translating_errors, warn_of_losses
from .server_clock import ServerClock
from .server_urls import local_folder, with_options
from .settings import decode_spec, make_record

_CALL_S = 86_400  # how long a call of add_trials is recognised
_PAGE = 5_000  # about how many rows are read at once, so that nobody waits for a large study
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
_URL = r"unix://.*|rediss?://([^@/#]*@)?([^@/#:\[\]]*|\[[0-9A-Fa-f:.]*\])(:[0-9]{1,5})?(/[0-9]*)?"

_warned: set[str] = set()  # servers that this process has logged a warning about


class Redis(Storage, ForkAware):
    """Studies on a Redis server (5 or later; Valkey too).

    Each verb is one Lua script, which runs whole or not at all: one round trip, or two where a
    trial is claimed or released.

    What survives a crash of the *server* depends on its settings: with `appendonly yes` and
    `appendfsync always` all that was acknowledged, with `appendfsync everysec` all but the last
    second or so, with snapshots only (Redis's default) all but the last minutes. A worker that
    finds such a loss stops with StorageDamagedError. A crash of *workers* loses nothing in any
    case. The server must not evict keys (`maxmemory-policy noeviction`). Redis Cluster is not
    supported: a study lives on one server.

    Args:
        url: "redis://[[user]:password@]host[:port][/database]", "rediss://..." (TLS) or
            "unix:///path/of/socket".
        options: Those of redis-py, such as ssl_ca_certs, socket_timeout or password; and prefix,
            with which all keys begin.
        lease_s: How long a worker may be silent before its trials are offered again, in seconds.
        max_retries: How often a trial is offered again before it counts as failed.
        checkpoints: A folder or URL for checkpoints that all workers can write to; None for one on
            this machine.
        answer_s: How long an answer may take, in seconds, unless an option says so.
        read_only: Change nothing when it is opened: refuse a database without studies.

    Raises:
        StorageError: The URL or an option makes no sense.
    """

    durable_after_s = 2.0  # with appendfsync everysec

    def __init__(
        self,
        url: str,
        options: dict[str, str] | None = None,
        lease_s: float = 60.0,
        max_retries: int = 2,
        checkpoints: str | None = None,
        answer_s: float = 30.0,
        read_only: bool = False,
    ) -> None:
        super().__init__(lease_s, max_retries)
        self._place, _, query = url.partition("?")
        self._options = {**dict(parse_qsl(query)), **(options or {})}
        self._arguments = self._place, self._options, lease_s, max_retries, checkpoints, answer_s
        # No message quotes the URL: it may hold a password.
        if not re.fullmatch(_URL, self._place):
            raise StorageError(
                "expected a URL such as 'redis://user:password@host:6379/0', where special "
                "characters of the password are written as %40, %2F, ...; got one that does not "
                f"read so, of {len(url)} characters"
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
        own: dict[str, Any] = {
            "lease_s": self.lease_s,
            "max_retries": self.max_retries,
            "checkpoints": checkpoints,
        }
        self.url = with_options(self._place, self._options | own)
        self._answer_s = answer_s
        self._read_only = read_only
        self._found_schema = SCHEMA  # before it was marked as ours
        self._lock = threading.Lock()
        self._pool: Any = None
        self._clock = ServerClock(self._server_s)
        database = make_pool(self._place, self._options, self._answer_s).connection_kwargs.get(
            "db", 0
        )
        self.folder = checkpoints or local_folder(f"{self._place}/{database}/{prefix}")
        follow_forks(self)

    def __repr__(self) -> str:
        return f"Redis({hide_password(self._place)!r})"

    def now(self) -> float:
        return self._clock.now()

    def upgrade(self) -> tuple[int, int]:
        with translating_errors(self):
            self._open()
        return self._found_schema, SCHEMA

    # -- studies

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        now = self.now()
        text = to_json(spec)
        study = self._run(scripts.CREATE, None, name, text, now, make_checksum(text))
        if not study:
            raise StudyExistsError(
                f"study {name!r} exists in {self!r}; load it, or pass load_if_exists=True"
            )
        return StudyRecord(study, name, dict(spec), now)

    def study(self, name: str) -> StudyRecord:
        found = self._read_studies(name)
        if not found:
            names = [record.name for record in self.studies()[:20]]
            raise no_study(name, names, f" in {self!r}")
        return found[0]

    def studies(self) -> list[StudyRecord]:
        return self._read_studies()

    def page_of_studies(self, first: int = 0, limit: int = STUDIES) -> list[StudyRecord]:
        return self._read_studies(first=first, limit=limit)

    def _read_studies(self, name: str = "", first: int = 0, limit: int = 0) -> list[StudyRecord]:
        """Return the study of a name, if there is one; without a name, all of them by id.

        Args:
            name: The name; "" for any.
            first: The lowest id.
            limit: How many at most; 0 for any number.
        """
        found = self._run(scripts.STUDIES, None, name, first, limit)
        records = []
        for study, encoded_name, (spec, created_s, checksum, *counts) in found:
            damage = None
            with self._refuse_unreadable(int(study)):
                name_there = encoded_name.decode()
                by_state = [(state, int(n)) for state, n in enumerate(counts) if n and int(n)]
            try:
                require_checksum((checksum or b"").decode(), spec.decode(), "its spec")
            except UNREADABLE as e:
                damage = f"{e!s:.500}"
            records.append(make_record(int(study), name_there, spec, created_s, by_state, damage))
        return sorted(records, key=lambda record: record.id)

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        known = "" if expected is None else expected
        text = to_json(spec)
        return bool(self._run(scripts.UPDATE, study, text, known, make_checksum(text)))

    def delete_study(self, study: int) -> None:
        self._run(scripts.DELETE, study, self._studies)

    # -- trials

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
            token, lease_s = transitions.first_lease(row.state, until)
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
            # The common case, in one script: the params are those that are stored.
            digest = params_digest(params) if params else ""
            revision = self._run(
                scripts.REPORT, study, number, token, until, digest, *encode_report(step, value)
            )
            if revision:
                return int(revision)

        def change(row: TrialRow) -> tuple[TrialRow, bool]:
            transitions.require_token(row, token)
            return transitions.report(row, until, checkpoints, params)

        return self._change(study, number, change, *encode_report(step, value))[1]

    def finish(self, study: int, row: TrialRow) -> int:
        # The common case, in one script: the trial has had no turn before.
        rest = encode_content(replace(row, turns=()))
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

    def retry(self, study: int, number: int, token: int) -> None:
        def change(row: TrialRow) -> tuple[TrialRow, bool]:
            return transitions.retry(row, token), True

        self._change(study, number, change)

    def changes(self, study: int, since: int) -> Changes:
        return self._read_changes(study, since, is_page=False)

    def page_of_changes(self, study: int, since: int) -> Changes:
        return self._read_changes(study, since, is_page=True)

    def _read_changes(self, study: int, since: int, is_page: bool) -> Changes:
        """Return what is new since a revision: all of it, or one page."""
        rows: dict[int, str] = {}
        reports: dict[tuple[int, float], Report] = {}  # in the order of their latest revisions
        spec: str | None = None
        revision = since + 1
        while since < revision:  # what changes meanwhile stands in a later page
            revision, entries, numbers, found, replaced, spec_checksum = self._run_packed(
                scripts.CHANGES, study, since, _PAGE
            )
            if revision < since:
                raise StorageDamagedError(
                    f"{self!r} has lost what it had acknowledged: the study is at revision "
                    f"{revision}, expected {since} or later. Load it again to go on with what is "
                    "left; 'appendonly yes' there keeps more"
                )
            since += len(entries)
            spec = replaced or spec
            rows.update(zip(numbers, found, strict=True))
            with self._refuse_unreadable(study):
                require_checksum(spec_checksum or "", replaced or "", "its spec")
                for line in (line for entry in entries for line in entry.split("\n")[1:]):
                    number, step, value = line.split(" ", 2)
                    report = Report(int(number), *decode_report(int(number), step, value))
                    reports.pop((report.number, report.step), None)
                    reports[report.number, report.step] = report
            if is_page:
                break
        with self._refuse_unreadable(study):
            changed = [decode_row(number, rows[number]) for number in sorted(rows)]
            settings = None if spec is None else decode_spec(spec)
            new = [*reports.values()]
            return Changes(since, changed, new, settings, is_last=since >= revision)

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        if numbers is not None:
            return [row for row, _ in self._read(study, *(int(n) for n in numbers))[1]]
        return with_reports(self.changes(study, 0))

    def _read(self, study: int, *numbers: int) -> tuple[int, list[tuple[TrialRow, str]]]:
        """Return the study's revision, and trials with their reports, also as they are stored."""
        revision, found = self._run_packed(scripts.READ, study, *numbers)
        rows = []
        with self._refuse_unreadable(study):
            for number, (stored, reports) in zip(numbers, found, strict=True):
                pairs = [
                    decode_report(number, step, value)
                    for step, value in zip(reports[::2], reports[1::2], strict=True)
                ]
                rows.append((decode_row(number, stored, pairs), stored))
        return revision, rows

    def salvage(self, study: int, number: int) -> tuple[TrialRow | None, int]:
        try:
            _, [(stored, reports)] = self._run_packed(scripts.READ, study, number)
            row = decode_row(number, stored)
        except (StorageDamagedError, TrialError, *UNREADABLE):
            return None, 0
        whole = []
        for step, value in zip(reports[::2], reports[1::2], strict=True):
            with contextlib.suppress(*UNREADABLE):
                whole.append(decode_report(number, step, value))
        return replace(row, reports=tuple(sorted(whole))), len(reports) // 2 - len(whole)

    def _change(
        self,
        study: int,
        number: int,
        change: Callable[[TrialRow], tuple[TrialRow, bool] | None],
        *report: str,
    ) -> tuple[TrialRow | None, int]:
        """Replace a trial by what it becomes, unless somebody else has changed it meanwhile.

        Args:
            study: The study's id.
            number: The trial's.
            change: Returns what a stored trial becomes, and whether that is listed as a change;
                None to leave it as it is. It is called again where somebody else was quicker.
            report: The step and value of a report to add, or nothing.

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
                scripts.SWAP, study, number, stored, encode_row(new), int(listed), *report
            )
            if swapped:
                return new, swapped

    # -- the server

    def _run(self, script: scripts.Script, study: int | None, *args: str | float) -> Any:
        """Return the answer of a script about a study, or about all studies."""
        key = self._studies if study is None else f"{self._studies}:{study}"
        with translating_errors(self):
            answer = run_script(self._open(), script, key, *args)
        if answer is None:
            if study is not None and send_command(self._open(), "EXISTS", key):
                raise TrialError("the study has no such trial")
            raise StudyNotFoundError("the study was deleted")
        return answer

    def _run_packed(self, script: scripts.Script, study: int, *args: int) -> Any:
        """Return the answer of a script that packs it."""
        answer = self._run(script, study, *args)
        with self._refuse_unreadable(study):
            return msgspec.msgpack.decode(answer)

    def _open(self) -> Any:
        """Return the pool of connections; where it is new, the server is checked first."""
        if (pool := self._pool) is None:
            with self._lock:
                if (pool := self._pool) is None:
                    pool = make_pool(self._place, self._options, self._answer_s)
                    self._check_schema(pool)
                    if self._place not in _warned:
                        warn_of_losses(pool, self)
                        _warned.add(self._place)
                    self._pool = pool
        return pool

    def _check_schema(self, pool: Any) -> None:
        """Refuse what another program or a newer luthier has written, and mark it as ours."""
        if self._read_only:
            schema = send_command(pool, "GET", self._schema)
            if schema is None:
                raise StorageError(f"{self!r} has no {self._schema!r}, so there is no study in it")
        else:
            schema = send_command(pool, "EVAL", scripts.SCHEMA.text, 1, self._schema, SCHEMA)
        if not schema.isdigit():
            raise StorageDamagedError(
                f"{self._schema!r} in {self!r} is another program's; choose another '?prefix='"
            )
        if int(schema) > SCHEMA:
            raise StorageVersionError(
                f"{self!r} has schema {int(schema)}, this luthier reads up to {SCHEMA}; upgrade "
                "luthier to open it"
            )
        self._found_schema = int(schema)

    def _server_s(self) -> float:
        """Return the time on the server, in seconds since 1970."""
        with translating_errors(self):
            seconds, microseconds = send_command(self._open(), "TIME")
        return int(seconds) + int(microseconds) / 1e6

    @contextlib.contextmanager
    def _refuse_unreadable(self, study: int) -> Iterator[None]:
        """Raise StorageDamagedError, with the study's name, where its content makes no sense."""
        try:
            yield
        except UNREADABLE as e:
            name: Any = study
            with contextlib.suppress(Exception):  # of the damage this is the lesser part
                name = send_command(
                    self._open(), "HGET", f"{self._studies}:{study}", "name"
                ).decode()
            raise StorageDamagedError(
                f"study {name!r} in {self!r} is damaged ({e!s:.500}); 'luthier storage check' says "
                "what can be saved"
            ) from e

    def close(self) -> None:
        pool = self._pool
        self._pool = None
        if pool is not None:
            pool.disconnect(inuse_connections=False)  # those in use end with their verb

    def before_fork(self) -> None:
        if self._pool is not None:  # it stays, for threads that are within a verb
            self._pool.disconnect(inuse_connections=False)

    def after_fork(self, in_child: bool) -> None:
        if in_child:
            self._pool = None
            self._lock = threading.Lock()

    def __getstate__(self) -> tuple[Any, ...]:
        return self._arguments

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]
