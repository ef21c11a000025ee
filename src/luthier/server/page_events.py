"""Server-sent events of the page: what has changed in some studies, each from a revision on.

A browser has few connections to a service, so one stream tells of all studies that its pages show.
However many streams follow a study, its storage is asked once in a while by one task. The id of an
event holds the revisions up to which the stream has told the changes of its studies; whoever comes
back with the last id gets all that came later, nothing twice.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Callable, Hashable

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..errors import LuthierError
from ..storages import Storage
from ..storages.base import Changes
from ..storages.codec import pack_number
from ..trial.record import State, TrialRow
from .middleware import SESSION_OPEN, encode_error
from .sessions import Sessions, find_session, port_of

EVENTS = "/ui/events"

_EVERY_S = 0.5  # the storage is asked, and pages are told, no more often
_UNREAD_S = 5.0  # for so long a stamp that is the same is believed
_QUIET_S = 15.0  # after which a comment shows that the stream lives
_RETRY_MS = 2000  # after which a browser comes back
_MAX_TRIALS = 500  # in an event; of more the page is told only that there are many
_MAX_STREAMS = 500
_MAX_STUDIES = 100  # of a stream
_MAX_REVISION = 2**53  # and number of a study
_SINCE = re.compile(r"[0-9]{1,16}\.[0-9]{1,16}(,[0-9]{1,16}\.[0-9]{1,16})*")
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


TrialChange = tuple[int, int, list[float | str] | None, bool, bool]


class Change(msgspec.Struct):
    """What has changed in a study between two revisions.

    Attributes:
        study: Its id.
        since: The first of these.
        revision: The second.
        trials: Number, state and values of the trials that were added or changed, whether they
            break no constraint, and whether they can be the best.
        reports: Numbers of the trials that reported.
        many: Whether there are too many to be listed, so that all is to be read again.
    """

    study: int
    since: int
    revision: int
    trials: list[TrialChange]
    reports: list[int]
    many: bool = False


def read_since(text: str) -> dict[int, int] | None:
    """The revisions by study of a text such as "1.120,2.55"; None for any other text."""
    if not _SINCE.fullmatch(text):
        return None
    pairs = (part.partition(".") for part in text.split(","))
    known = {int(study): int(revision) for study, _, revision in pairs}
    is_small = max(*known, *known.values()) <= _MAX_REVISION and len(known) <= _MAX_STUDIES
    return known if is_small else None


def _write_since(known: dict[int, int]) -> str:
    """The text of revisions by study, the id of an event."""
    return ",".join(f"{study}.{revision}" for study, revision in known.items())


def summarize_changes(study: int, since: int, changes: Changes) -> Change:
    """What a page is told of changes in a study since a revision."""
    many = len(changes.rows) > _MAX_TRIALS or not changes.is_last or changes.spec is not None
    many = many or changes.revision < since  # the storage has begun anew
    trials = [] if many else [*map(_describe, changes.rows)]
    reports = [] if many else sorted({report.number for report in changes.reports})
    return Change(study, since, changes.revision, trials, reports, many)


def _describe(row: TrialRow) -> TrialChange:
    values = None if row.values is None else [pack_number(v) for v in row.values]
    is_eligible = row.state == State.COMPLETE and row.feasible and row.confirms is None
    return row.number, row.state.value, values, row.feasible, is_eligible


class Follower:
    """Asks the storage for what is new in one study, for all streams that follow it.

    Args:
        storage: Where the study lives.
        study: Its id.
        revision: From where on it is followed.
        tell: Called when there is something new, or nothing more will come.

    Attributes:
        study: Its id.
        n_streams: How many streams follow the study.
    """

    def __init__(
        self, storage: Storage, study: int, revision: int, tell: Callable[[], None]
    ) -> None:
        self._storage = storage
        self._revision = revision
        self._tell = tell
        self._change: Change | None = None  # the latest
        self._error: LuthierError | None = None
        self.study = study
        self.n_streams = 0
        self._task = asyncio.create_task(self._ask())

    def end(self) -> None:
        """Ask no longer."""
        self._task.cancel()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come, as of a study that was deleted."""
        return self._error is not None

    async def next(self, since: int) -> Change | None:
        """What is new since a revision, up to some later one; None for nothing.

        Raises:
            LuthierError: The storage does not answer, or has no such study any more.
        """
        if self._error is not None:
            raise self._error
        if self._revision == since:
            return None
        change = self._change
        if change is None or change.since != since:
            change = await self._read(since)
        return None if change.revision == since else change

    async def _read(self, since: int) -> Change:
        changes = await asyncio.to_thread(self._storage.page_of_changes, self.study, since)
        return summarize_changes(self.study, since, changes)

    async def _ask(self) -> None:
        stamp: Hashable = None
        read_s = -math.inf
        try:
            while True:
                # Taken before the changes are read, so that it tells of all that come later.
                before, stamp = stamp, self._storage.stamp()
                now_s = time.monotonic()
                if stamp is None or stamp != before or now_s >= read_s + _UNREAD_S:
                    read_s = now_s
                    change = await self._read(self._revision)
                    if change.revision != self._revision:
                        stamp = None  # there may be more of it
                        self._change = change
                        self._revision = change.revision
                        self._tell()
                        if change.many:
                            continue  # whoever was away is told all of it soon
                await asyncio.sleep(_EVERY_S)
        except LuthierError as e:  # such as a study that was deleted
            self._error = e
            self._tell()


class EventStreams:
    """The open streams of events, and those who ask the storage for them.

    Args:
        storage: Where the studies live.
        sessions: The open sessions; with one its streams end.
    """

    def __init__(self, storage: Storage, sessions: Sessions) -> None:
        self._storage = storage
        self._sessions = sessions
        self._followers: dict[int, Follower] = {}
        self._news = asyncio.Event()
        self._n_streams = 0
        self._is_over = False

    @property
    def n_open(self) -> int:
        """How many streams are open."""
        return self._n_streams

    def routes(self) -> list[Route]:
        """The route of the streams."""
        return [Route(EVENTS, self._serve, methods=["GET"])]

    def end(self) -> None:
        """End all streams, as the service ends."""
        self._is_over = True
        for follower in self._followers.values():
            follower.end()
        self.tell()

    def tell(self) -> None:
        """Let all streams look for what is new to them, and whether their session is open."""
        self._news.set()
        self._news = asyncio.Event()

    async def _serve(self, request: Request) -> Response:
        request.scope["luthier.route"] = EVENTS
        last = request.headers.get("last-event-id") or request.query_params.get("since", "")
        known = read_since(last)
        if known is None:
            message = f"expected since=STUDY.REVISION,... of at most {_MAX_STUDIES} studies"
            return _refuse(422, "Invalid", message)
        if self._n_streams >= _MAX_STREAMS:
            return _refuse(503, "Busy", f"{_MAX_STREAMS} browsers follow studies; come again")
        session = None  # who sends the token needs none
        if request.scope.get(SESSION_OPEN):
            session = find_session(dict(request.scope["headers"]), port_of(request))
        return StreamingResponse(self._stream(known, session), 200, _HEADERS, "text/event-stream")

    async def _stream(self, known: dict[int, int], session: str | None) -> AsyncIterator[bytes]:
        """The events of studies, until all are lost, or the client, session or service ends.

        Args:
            known: The revisions that the client has, by study.
            session: The client's session; None without one.
        """
        self._n_streams += 1
        followers = [self._follow(study, revision) for study, revision in known.items()]
        try:
            yield b"retry: %d\n\n" % _RETRY_MS
            while known and self._may_go_on(session):
                news = self._news  # taken before looking, so that it tells of all that comes later
                is_told = False
                for follower in followers:
                    if event := await _next_event(follower, known):
                        is_told = True
                        yield event
                if not is_told:
                    try:
                        async with asyncio.timeout(_QUIET_S):
                            await news.wait()
                    except TimeoutError:
                        yield b": alive\n\n"
        finally:
            self._n_streams -= 1
            for follower in followers:
                self._leave(follower)

    def _may_go_on(self, session: str | None) -> bool:
        """Whether neither the service nor the client's session has ended."""
        return not self._is_over and (session is None or self._sessions.holds(session))

    def _follow(self, study: int, revision: int) -> Follower:
        """Have what is new in a study asked for."""
        follower = self._followers.get(study)
        if follower is None or follower.has_ended:
            follower = Follower(self._storage, study, revision, self.tell)
            self._followers[study] = follower
        follower.n_streams += 1
        return follower

    def _leave(self, follower: Follower) -> None:
        """Ask no longer for what is new in a study, if no other stream follows it."""
        follower.n_streams -= 1
        if not follower.n_streams:
            follower.end()
            if self._followers.get(follower.study) is follower:
                del self._followers[follower.study]


async def _next_event(follower: Follower, known: dict[int, int]) -> bytes:
    """The next event of a study; b"" for none.

    Args:
        follower: Who asks for what is new in the study.
        known: The revisions that the client has, by study; that of this study becomes the event's,
            and goes with a study that is lost.
    """
    if follower.study not in known:
        return b""
    try:
        change = await follower.next(known[follower.study])
    except LuthierError:  # the page asks for the study, and is told why
        del known[follower.study]
        return b'event: lost\ndata: {"study":%d}\n\n' % follower.study
    if change is None:
        return b""
    known[follower.study] = change.revision
    data = msgspec.json.encode(change)
    return b"id: %b\nevent: change\ndata: %b\n\n" % (_write_since(known).encode(), data)


def _refuse(status: int, kind: str, message: str) -> Response:
    return Response(encode_error(kind, message), status, media_type="application/json")
