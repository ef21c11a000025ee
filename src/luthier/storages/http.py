"""Studies behind a service (`luthier serve`): each verb of the storage is an HTTP request."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import select
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from .. import errors
from ..errors import (
    LuthierError,
    StorageDeniedError,
    StorageError,
    StorageUnreachableError,
    UnstorableError,
)
from ..passwords import hide_password
from ..trial.record import ReportValue, TrialRow, Turn
from . import http_messages as forms
from .base import Changes, Report, Storage, StudyRecord, with_reports
from .codec import pack_trial, pack_value, to_json_bytes, unpack_trial, unpack_value
from .paging import STUDIES
from .server_urls import local_folder, with_options

_TIMEOUT_S = 60.0  # how long an answer may take
_CONNECT_S = 10.0  # how long a connection may take
_SLOW_DOWN_S = 30.0  # for how long a request waits where the service asks to slow down
_LONGEST_PAUSE_S = 5.0  # between two attempts of such a request
_CLOCK_S = 60.0  # how long the service's clock is trusted to run like ours
_CLOCK_AGAIN_S = 5.0  # when a service that is away is asked for its clock again
_REFUSED = (400, 413, 422)  # what the service answers where the content is at fault
_MAX_ANSWER = 2**30  # bytes
_ROWS_AT_ONCE = 10_000  # trials that one request names
_EXPECTED = "expected a URL such as 'http://host:8700?timeout_s=60'"
_decoders = {verb: msgspec.json.Decoder(answer) for verb, (_, answer) in forms.VERBS.items()}


class HTTP(Storage):
    """Studies behind a service that `luthier serve` runs.

    It can be pickled, with its token, and be used by any number of threads, and on both sides of a
    fork.

    Args:
        url: "http://host:8700", or "http://TOKEN@host:8700"; without a token there, LUTHIER_TOKEN
            says it.
        options: "timeout_s": how long an answer may take, in seconds; "cafile": the certificates
            that the server's must be signed by.
        lease_s: How long a worker may be silent, in seconds; None for the service's, which counts
            in any case.
        max_retries: How often a trial is offered again; None for the service's, which counts.
        checkpoints: A folder or URL that all workers can write to; None for a folder of this
            machine.
        answer_s: How long an answer may take, in seconds, unless an option says so.

    Raises:
        StorageError: The URL or an option makes no sense.
        StorageDeniedError: The service refuses the token.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, str] | None = None,
        lease_s: float | None = None,
        max_retries: int | None = None,
        checkpoints: str | None = None,
        answer_s: float = _TIMEOUT_S,
    ) -> None:
        super().__init__(
            60.0 if lease_s is None else lease_s, 2 if max_retries is None else max_retries
        )
        self._options = dict(options or {})
        self._given = (lease_s, max_retries, checkpoints, answer_s)
        try:
            parts = urlsplit(url)
            self._host = parts.hostname or ""
            self._port = parts.port
            self._address = hide_password(url.partition("?")[0])
            self._timeout_s = float(self._options.get("timeout_s", answer_s))
        except ValueError:  # whose text may hold a piece of the token
            raise StorageError(f"{_EXPECTED}, got what is none") from None
        if parts.scheme not in ("http", "https") or not self._host or not self._timeout_s > 0:
            raise StorageError(f"{_EXPECTED}, got {self._address!r}")
        if unknown := self._options.keys() - {"timeout_s", "cafile"}:
            raise StorageError(
                f"expected timeout_s or cafile after the '?', got {min(unknown)!r} for "
                f"{self._address!r}"
            )

        user, at, place = parts.netloc.rpartition("@")
        token = unquote(user.strip(":")) if at else os.environ.get("LUTHIER_TOKEN", "")
        self._headers = self._make_headers(token)
        own: dict[str, Any] = {
            "lease_s": lease_s,
            "max_retries": max_retries,
            "checkpoints": checkpoints,
        }
        user = f"{quote(token, '')}@" if token else ""
        self.url = with_options(f"{parts.scheme}://{user}{place}{parts.path}", own | self._options)
        self.folder = checkpoints or local_folder(url)
        self._path = f"{parts.path.rstrip('/')}/v1/storage/"
        self._tls = self._load_certificates() if parts.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []
        self._pid = os.getpid()
        self._max_body = 2**24
        self._ahead_s = time.time() - time.monotonic()  # of the service's clock
        self._read_clock_s = 0.0  # when it is read again, by time.monotonic
        with contextlib.suppress(StorageUnreachableError):
            self._hello()

    def __repr__(self) -> str:
        return f"HTTP({self._address!r})"

    def _make_headers(self, token: str) -> dict[str, str]:
        if re.search(r"[^!-~]", token):
            raise StorageDeniedError(
                f"the token for {self._address} has characters that no token has; copy it anew"
            )
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _load_certificates(self) -> ssl.SSLContext:
        file = self._options.get("cafile")
        try:
            return ssl.create_default_context(cafile=file)
        except (OSError, ssl.SSLError) as e:
            raise StorageError(f"the certificates in {file!r} cannot be read: {e}") from None

    def _hello(self) -> None:
        """Read the service's clock and settings."""
        before_s = time.monotonic()
        # Should the service be away, it is not asked again at once.
        self._read_clock_s = before_s + _CLOCK_AGAIN_S
        found = self._call("hello", forms.Empty())
        after_s = time.monotonic()
        self._ahead_s = found.now - (before_s + after_s) / 2
        self._read_clock_s = after_s + _CLOCK_S

        lease_s, max_retries, *_ = self._given
        self.lease_s = found.lease_s if lease_s is None else self.lease_s
        self.max_retries = found.max_retries if max_retries is None else self.max_retries
        self._max_body = found.max_body

    def now(self) -> float:
        if time.monotonic() > self._read_clock_s:
            with contextlib.suppress(StorageUnreachableError):
                self._hello()
        return time.monotonic() + self._ahead_s

    # -- verbs

    def create_study(self, name: str, spec: Mapping[str, Any]) -> StudyRecord:
        found: StudyRecord = self._call("create_study", forms.CreateStudy(name, dict(spec)))
        return found

    def study(self, name: str) -> StudyRecord:
        found: StudyRecord = self._call("study", forms.Named(name))
        return found

    def studies(self) -> list[StudyRecord]:
        found: list[StudyRecord] = []
        while page := self.page_of_studies(found[-1].id + 1 if found else 0):
            found += page
        return found

    def page_of_studies(self, first: int = 0, limit: int = STUDIES) -> list[StudyRecord]:
        page: list[StudyRecord] = self._call("studies", forms.From(first, limit))
        return page

    def update_study(
        self, study: int, spec: Mapping[str, Any], expected: int | None = None
    ) -> bool:
        found: forms.Updated = self._call(
            "update_study", forms.UpdateStudy(study, dict(spec), expected)
        )
        return found.replaced

    def delete_study(self, study: int) -> None:
        self._call("delete_study", forms.One(study))

    def add_trials(
        self,
        study: int,
        rows: Sequence[TrialRow],
        expected: int | None = None,
        call: str | None = None,
    ) -> tuple[int, int]:
        added: forms.Added = self._call(
            "add_trials",
            forms.AddTrials(study, [pack_trial(row, forms.Row) for row in rows], expected, call),
        )
        return added.first, added.revision

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
        resume = None
        if turn is not None or token is not None:
            resume = forms.Resumption(token=token, turn=turn, checkpoints=list(checkpoints))
        found: forms.Claimed = self._call("claim", forms.Claim(study, number, worker, resume))
        return None if found.row is None else unpack_trial(found.row), found.revision

    def extend(self, study: int, tokens: Mapping[int, int]) -> None:
        self._call(
            "extend", forms.Extend(study, [forms.HeldTrial(*held) for held in tokens.items()])
        )

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
        request = forms.AddReport(
            study=study,
            number=number,
            token=token,
            step=step,
            value=pack_value(value),
            checkpoints=None if checkpoints is None else list(checkpoints),
            params=params,
        )
        found: forms.Revision = self._call("report", request)
        return found.revision

    def finish(self, study: int, row: TrialRow) -> int:
        found: forms.Revision = self._call(
            "finish", forms.Finish(study, pack_trial(row, forms.Row))
        )
        return found.revision

    def release(self, study: int, number: int, token: int, retried: bool) -> int:
        found: forms.Revision = self._call("release", forms.Release(study, number, token, retried))
        return found.revision

    def retry(self, study: int, number: int, token: int) -> None:
        self._call("retry", forms.Retry(study, number, token))

    def persist(self) -> None:
        self._call("persist", forms.Empty())

    def changes(self, study: int, since: int) -> Changes:
        rows: dict[int, TrialRow] = {}
        reports: dict[tuple[int, float], Report] = {}  # in the order of their latest revisions
        spec = None
        is_last = False
        while not is_last:
            page = self.page_of_changes(study, since)
            rows.update((row.number, row) for row in page.rows)
            for report in page.reports:
                reports.pop((report.number, report.step), None)
                reports[report.number, report.step] = report
            spec = spec if page.spec is None else page.spec
            since, is_last = page.revision, page.is_last
        return Changes(since, [rows[n] for n in sorted(rows)], [*reports.values()], spec)

    def page_of_changes(self, study: int, since: int) -> Changes:
        found: forms.Changed = self._call("changes", forms.Since(study, since))
        return Changes(
            found.revision,
            list(map(unpack_trial, found.rows)),
            [Report(r.number, r.step, unpack_value(r.value)) for r in found.reports],
            found.spec,
            found.is_last,
        )

    def rows(self, study: int, numbers: Sequence[int] | None = None) -> list[TrialRow]:
        if numbers is None:
            return with_reports(self.changes(study, 0))
        wanted = [int(i) for i in numbers]
        rows: list[TrialRow] = []
        while True:  # a study that was deleted is told of where no trial is wanted, too
            some = wanted[len(rows) : len(rows) + _ROWS_AT_ONCE]
            page = list(map(unpack_trial, self._call("rows", forms.Some(study, some))))
            rows += page
            if len(rows) >= len(wanted) or not page:
                return rows

    # -- requests

    def _call(self, verb: str, request: forms.Form) -> Any:
        """Send a verb and return the answer, in the form that `VERBS` gives it."""
        body = to_json_bytes(request)
        if len(body) > self._max_body:
            raise UnstorableError(
                f"{self._address} takes requests up to {self._max_body} bytes, this one has "
                f"{len(body)}; send fewer trials at a time, or raise the service's max_body"
            )
        status, answer = self._post_slowly(self._path + verb, body)
        if status != 200:
            raise self._error(status, answer)
        try:
            return _decoders[verb].decode(answer)
        except (ValueError, RecursionError):
            raise StorageError(
                f"{self._address} is no luthier service of this version: no {verb} answers so"
            ) from None

    def _post_slowly(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Post a request, and again while the service asks to slow down."""
        until = time.monotonic() + _SLOW_DOWN_S
        while True:
            status, wait, answer = self._post(path, body)
            if status != 429:
                return status, answer
            pause_s = 1.0
            if wait and wait.isascii() and wait.isdigit():
                pause_s = min(float(wait), _LONGEST_PAUSE_S)
            if time.monotonic() + pause_s > until:
                raise StorageUnreachableError(
                    f"{self._address} asks to slow down, and has for {_SLOW_DOWN_S:g} s"
                )
            time.sleep(pause_s)

    def _error(self, status: int, answer: bytes) -> LuthierError:
        """Return the error that an answer reports, of the class that it had in the service."""
        if status in (401, 403):
            return StorageDeniedError(
                f"{self._address} refuses the token, or got none; set LUTHIER_TOKEN, or write it "
                "in the URL, before the host and an '@'"
            )
        try:
            error = msgspec.json.decode(answer)["error"]
            kind = getattr(errors, str(error["type"]), None)
            message = str(error["message"])
        except (ValueError, LookupError, TypeError, RecursionError):
            kind = None
            message = ""
        if isinstance(kind, type) and issubclass(kind, LuthierError):
            return kind(message)
        if status in (408, 502, 503, 504):
            return StorageUnreachableError(
                message or f"{self._address} answers with status {status}"
            )
        if status in _REFUSED:
            return UnstorableError(f"{self._address} does not take this: {message}")
        if message:
            return StorageError(f"{self._address}: {message}")
        what = "a redirect, which is not followed" if 300 <= status < 400 else f"status {status}"
        return StorageError(
            f"{self._address} is no luthier service: it answers with {what}; is the address right?"
        )

    def _post(self, path: str, body: bytes) -> tuple[int, str | None, bytes]:
        """Post a request over a connection that stays open for the next.

        Returns:
            Status, Retry-After and body of the answer.
        """
        connection = self._connection()
        try:
            connection.request("POST", path, body, self._headers)
            if connection.sock is not None:
                connection.sock.settimeout(self._timeout_s)
            response = connection.getresponse()
            answer = response.read(_MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as e:
            connection.close()
            reason = (
                "no answer in time" if isinstance(e, TimeoutError) else str(e) or type(e).__name__
            )
            raise StorageUnreachableError(f"{self._address} does not answer: {reason}") from None
        except BaseException:
            connection.close()
            raise
        if len(answer) > _MAX_ANSWER:
            connection.close()
            raise StorageError(f"{self._address} answers with more than {_MAX_ANSWER} bytes")
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return response.status, response.getheader("Retry-After"), answer

    def _connection(self) -> http.client.HTTPConnection:
        """Return a connection that is idle and alive, or a new one."""
        if self._pid != os.getpid():  # the parent goes on with those
            self.close()
            self._pid = os.getpid()
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.sock is not None and not _has_ended(connection.sock):
                return connection
            connection.close()  # the server has hung up
        timeout_s = min(self._timeout_s, _CONNECT_S)
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=timeout_s, context=self._tls
        )

    def close(self) -> None:
        while self._idle:
            with contextlib.suppress(IndexError):
                self._idle.pop().close()

    def __reduce__(self) -> tuple[type[HTTP], tuple[Any, ...]]:
        assert self.url is not None
        return HTTP, (self.url.partition("?")[0], self._options, *self._given)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()


def _has_ended(sock: socket.socket) -> bool:
    """Return whether an idle connection has something to read, which can only be its end."""
    if not hasattr(select, "poll"):
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
