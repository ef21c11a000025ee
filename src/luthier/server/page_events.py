"""Server-sent events of the page: what has changed in a study, from a revision on.

However many pages follow a study, its storage is asked once in a while by one task. An event has
the revision up to which it tells the changes as its id; whoever comes back with the last id gets
all that came later, nothing twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Hashable
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..errors import LuthierError
from ..storages import Storage
from ..storages.base import Changes
from ..storages.codec import pack_number
from ..trial.record import State, TrialRow
from .middleware import encode_error

EVENTS = "/ui/studies/{study:int}/events"

_EVERY_S = 0.5  # the storage is asked, and pages are told, no more often
_UNREAD_S = 5.0  # for so long a stamp that is the same is believed
_QUIET_S = 15.0  # after which a comment shows that the stream lives
_RETRY_MS = 2000  # after which a browser comes back
_MAX_TRIALS = 500  # in an event; of more the page is told only that there are many
_MAX_STREAMS = 500
_MAX_REVISION = 2**53
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


TrialChange = tuple[int, int, list[float | str] | None, bool, bool]


class Change(msgspec.Struct):
    """What has changed in a study between two revisions.

    Attributes:
        since: The first of these.
        revision: The second.
        trials: Number, state and values of the trials that were added or changed, whether they
            break no constraint, and whether they can be the best.
        reports: Numbers of the trials that reported.
        many: Whether there are too many to be listed, so that all is to be read again.
    """

    since: int
    revision: int
    trials: list[TrialChange]
    reports: list[int]
    many: bool = False

    def encode(self) -> bytes:
        """The event."""
        data = msgspec.json.encode(self)
        return b"id: %d\nevent: change\ndata: %b\n\n" % (self.revision, data)


def summarize_changes(since: int, changes: Changes) -> Change:
    """What a page is told of changes since a revision."""
    many = len(changes.rows) > _MAX_TRIALS or not changes.is_last or changes.spec is not None
    many = many or changes.revision < since  # the storage has begun anew
    trials = [] if many else [*map(_describe, changes.rows)]
    reports = [] if many else sorted({report.number for report in changes.reports})
    return Change(since, changes.revision, trials, reports, many)


def _describe(row: TrialRow) -> TrialChange:
    values = None if row.values is None else [pack_number(v) for v in row.values]
    is_eligible = row.state == State.COMPLETE and row.feasible and row.confirms is None
    return row.number, row.state.value, values, row.feasible, is_eligible


class Follower:
    """Asks the storage for what is new in one study, for all pages that follow it.

    Args:
        storage: Where the study lives.
        study: Its id.
        revision: From where on it is followed.

    Attributes:
        revision: Up to which all is known.
        change: The latest; None before there is one.
        is_over: Whether nothing more will come: the study is gone, or the service ends.
        n_pages: How many pages follow the study.
    """

    def __init__(self, storage: Storage, study: int, revision: int) -> None:
        self._read = partial(storage.page_of_changes, study)
        self._stamp = storage.stamp
        self._news = asyncio.Event()
        self.revision = revision
        self.change: Change | None = None
        self.is_over = False
        self.n_pages = 0
        self._task = asyncio.create_task(self._ask())

    def end(self) -> None:
        """Ask no longer, and let no page wait any more."""
        self.is_over = True
        self._task.cancel()
        self._news.set()

    async def read(self, since: int) -> Change:
        """What is new since a revision, up to some later one."""
        return summarize_changes(since, await asyncio.to_thread(self._read, since))

    async def wait(self, revision: int) -> None:
        """Wait until there is more than what a page knows, at most `_QUIET_S`."""
        if self.revision <= revision and not self.is_over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_QUIET_S):
                    await self._news.wait()

    async def _ask(self) -> None:
        stamp: Hashable = None
        read_s = -math.inf
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                # Taken before the changes are read, so that it tells of all that come later.
                before, stamp = stamp, self._stamp()
                now_s = time.monotonic()
                if stamp is not None and stamp == before and now_s < read_s + _UNREAD_S:
                    continue
                read_s = now_s
                change = await self.read(self.revision)
                if change.revision != self.revision:
                    stamp = None  # there may be more of it
                    self.change = change
                    self.revision = change.revision
                    self._news.set()
                    self._news = asyncio.Event()
        except LuthierError:  # such as a study that was deleted: the page asks, and is told why
            self.is_over = True
            self._news.set()


class EventStreams:
    """The open streams of events, and those who ask the storage for them.

    Args:
        storage: Where the studies live.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._followers: dict[int, Follower] = {}

    def routes(self) -> list[Route]:
        """The route of the streams."""
        return [Route(EVENTS, self._serve, methods=["GET"])]

    def end(self) -> None:
        """End all streams, as the service ends."""
        for follower in self._followers.values():
            follower.end()

    async def _serve(self, request: Request) -> Response:
        request.scope["luthier.route"] = EVENTS
        last = request.headers.get("last-event-id") or request.query_params.get("since", "0")
        study = request.path_params["study"]
        if not (last.isdecimal() and int(last) <= _MAX_REVISION and study <= _MAX_REVISION):
            return _refuse(422, "Invalid", "expected the number of a revision")
        if sum(follower.n_pages for follower in self._followers.values()) >= _MAX_STREAMS:
            return _refuse(503, "Busy", f"{_MAX_STREAMS} pages follow studies; come again")
        stream = self._stream(study, int(last))
        return StreamingResponse(stream, 200, _HEADERS, "text/event-stream")

    async def _stream(self, study: int, revision: int) -> AsyncIterator[bytes]:
        """The events of a study, until the client or the service ends."""
        follower = self._followers.get(study)
        if follower is None or follower.is_over:
            follower = self._followers[study] = Follower(self._storage, study, revision)
        follower.n_pages += 1
        try:
            yield b"retry: %d\n\n" % _RETRY_MS
            change: Change | None = await follower.read(revision)
            while not follower.is_over:
                if change is not None and change.revision != revision:
                    revision = change.revision
                    yield change.encode()
                else:
                    yield b": alive\n\n"
                await follower.wait(revision)
                change = follower.change
                if change is None or change.since != revision:
                    change = await follower.read(revision)
        except LuthierError:
            return  # such as a study that is not there: the page asks, and is told why
        finally:
            follower.n_pages -= 1
            if not follower.n_pages:
                follower.end()
                if self._followers.get(study) is follower:
                    del self._followers[study]


def _refuse(status: int, kind: str, message: str) -> Response:
    return Response(encode_error(kind, message), status, media_type="application/json")
