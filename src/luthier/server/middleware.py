"""ASGI middleware that checks token, host and rate of requests, and logs them."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .limits import Limits, RateLimiter
from .metrics import Metrics
from .request_log import RequestLog, logger, method_of
from .schemas import ErrorDetail, ErrorResponse
from .sessions import Sessions

HEALTH = "/health"
_BUSY_S = 1.0
_ENDING = "the service ends; come again"
_PAGE = "/ui/"  # before what a session may ask for; nothing there changes a study
SESSION_OPEN = "luthier.session"  # in the scope of a request that a session has let in
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)
_PAGE_HEADERS = (
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?")  # name or address, port


class PageRules(NamedTuple):
    """What the page in a browser may do.

    Attributes:
        paths: Those of the page that need no session.
        acts: Matches the paths of what it may change.
        read_only: Why it may change nothing all the same; "" if it may.
        frames: Whose pages may show it in a frame, as a browser's policy says that.
    """

    paths: frozenset[str]
    acts: re.Pattern[str]
    read_only: str = ""
    frames: str = "'none'"


class Refusal(NamedTuple):
    """A request that is not let in: status, kind and text of the response."""

    status: int
    kind: str
    message: str
    retry_after_s: float | None = None


def encode_error(kind: str, message: str, retry_after_s: float | None = None) -> bytes:
    """The body of a response that reports an error."""
    return msgspec.json.encode(ErrorResponse(ErrorDetail(kind, message, retry_after_s)))


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Middleware that lets requests in, or refuses them before anything of their body is read.

    Without a token, only requests from and to an address of this machine are served. A page in a
    browser that reaches this machine under another name is refused, and so is one that sends its
    origin, but the service's own page. With a session, that may read what stands below /ui/, and
    call the verbs that `page` names.

    Args:
        app: The application.
        token: The secret that clients must send; "" for none.
        limits: Limits on what clients may send.
        metrics: Where requests are counted.
        public: Paths that need no token.
        page: What the page may do.
        sessions: The open sessions of the page.
        end_streams: Ends what the page listens to; called as the service ends.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        limits: Limits,
        metrics: Metrics,
        public: frozenset[str],
        page: PageRules,
        sessions: Sessions,
        end_streams: Callable[[], None],
    ) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self.public = public | page.paths
        self.page = page
        self.sessions = sessions
        policy = b"content-security-policy", (_POLICY + page.frames).encode()
        self._page_headers = (policy, *_PAGE_HEADERS)
        self.end_streams = end_streams
        self._expected = f"Bearer {token}".encode() if token else b""
        self._rates = RateLimiter(limits.rate)
        self._stranger_rates = RateLimiter(limits.stranger_rate)
        self._log = RequestLog()
        self._n_running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began_s = time.perf_counter()
        status = 0
        client = scope["client"][0] if scope["client"] else ""

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                is_page = scope["path"] == "/" or scope["path"].startswith(_PAGE)
                more = (_NOSNIFF, *(self._page_headers if is_page else ()))
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in more if h[0] not in given)]
            await send(message)

        refusal = self._check_access(scope)
        known = refusal is None
        if known and (connection := scope.get("luthier.connection")):
            connection.welcome()
        refusal = (
            self._check_load(client) if known else self._check_stranger(scope, client, refusal)
        )
        self._n_running += known
        try:
            if refusal is None:
                await self.app(scope, receive, send_and_note)
            else:
                await _refuse(send_and_note, refusal)
        except asyncio.CancelledError:  # the service ends, and waits no longer
            if not status:
                await _refuse(send_and_note, Refusal(503, "Busy", _ENDING, _BUSY_S))
        except Exception:
            logger.exception("a request failed")
            if not status:
                await _refuse(
                    send_and_note,
                    Refusal(500, "InternalError", "the service failed; its log says why"),
                )
        finally:
            self._n_running -= known
            seconds = time.perf_counter() - began_s
            route = scope.get("luthier.route", "none")
            self.metrics.count(route, method_of(scope), status, seconds)
            self._log.write(scope, client, known, status, seconds)

    def _check_access(self, scope: Scope) -> Refusal | None:
        """Refuse a request without the token; where there is none, from anywhere but here."""
        headers = dict(scope["headers"])
        port = (scope.get("server") or ("", 0))[1] or 0
        is_act = scope["method"] == "POST" and self.page.acts.fullmatch(scope["path"]) is not None
        is_session = (is_act or scope["path"].startswith(_PAGE)) and self.sessions.admits(
            scope["method"], headers, port
        )
        if is_session:
            scope[SESSION_OPEN] = True
        if not self._expected:
            is_page = is_session or scope["path"] in self.page.paths
            refusal = _check_machine(scope, headers)
            refusal = refusal or (None if is_page else _check_origin(headers))
            return refusal or self._check_read_only(is_session and is_act)
        given = headers.get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            scope.pop(SESSION_OPEN, None)
            return None
        if is_session:
            return self._check_read_only(is_act)
        return Refusal(
            401, "Unauthorized", "send the service's token, as in 'Authorization: Bearer TOKEN'"
        )

    def _check_read_only(self, is_act: bool) -> Refusal | None:
        """Refuse what the page wants to change where it may only read."""
        if is_act and self.page.read_only:
            return Refusal(403, "ReadOnly", f"the page only reads: {self.page.read_only}")
        return None

    def _check_load(self, client: str) -> Refusal | None:
        """Refuse a request where there are too many, of this client or of all."""
        if wait_s := self._rates.wait_s(client):
            return _too_many(self.limits.rate, wait_s)
        if self._n_running >= self.limits.max_requests:
            return Refusal(
                503,
                "Busy",
                f"{self.limits.max_requests} requests are being served; come again",
                _BUSY_S,
            )
        return None

    def _check_stranger(self, scope: Scope, client: str, refusal: Refusal | None) -> Refusal | None:
        """Refuse a request without the token, unless it is for what needs none.

        Whether the service runs is said however many ask, so that nobody can make it seem dead.
        """
        public = bool(self._expected) and scope["path"] in self.public
        if public and scope["path"] == HEALTH:
            return None
        if wait_s := self._stranger_rates.wait_s(client):
            return _too_many(self.limits.stranger_rate, wait_s)
        return None if public else refusal


def _too_many(rate: float, wait_s: float) -> Refusal:
    message = f"at most {rate:g} requests a second are served"
    return Refusal(429, "TooManyRequests", message, wait_s)


def _check_origin(headers: dict[bytes, bytes]) -> Refusal | None:
    """Refuse a request that a page in a browser sends."""
    from_page = b"origin" in headers or b"referer" in headers
    if from_page or headers.get(b"sec-fetch-site", b"none") != b"none":
        return Refusal(403, "Forbidden", "a service without a token serves no page of a browser")
    return None


def _check_machine(scope: Scope, headers: dict[bytes, bytes]) -> Refusal | None:
    """Refuse a request that does not come from this machine, or comes under another name of it."""
    ends = [end for end in (scope.get("client"), scope.get("server")) if end]
    # A socket file has no port.
    if not all(is_loopback(end[0]) for end in ends if end[1] is not None):
        return Refusal(403, "Forbidden", "a service without a token serves this machine only")
    host = _HOST.fullmatch(headers.get(b"host", b"").decode("latin-1"))
    if host is None or not is_loopback(host[1]):
        return Refusal(
            403,
            "Forbidden",
            "a service without a token serves requests to 127.0.0.1 or localhost only",
        )
    return None


async def _refuse(send: Send, refusal: Refusal) -> None:
    """Send the response to a request that is not served."""
    body = encode_error(refusal.kind, refusal.message, refusal.retry_after_s)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if refusal.retry_after_s is not None:
        headers.append((b"retry-after", str(max(1, round(refusal.retry_after_s))).encode()))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
