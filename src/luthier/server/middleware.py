"""ASGI middleware that checks token, host, rate and size of requests, and logs them."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import time
from typing import NamedTuple

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .limits import Limits, RateLimiter
from .metrics import Metrics
from .schemas import ErrorDetail, ErrorResponse

logger = logging.getLogger("luthier.server")

_METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")
_BUSY_S = 1.0


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
    """Middleware that refuses requests, and reads the bodies of the others in full.

    Without a token, only requests from and to an address of this machine are served. A page in a
    browser that reaches this machine under another name is refused, and so is one that sends its
    origin.

    Args:
        app: The application.
        token: The secret that clients must send; "" for none.
        limits: Limits on what clients may send.
        metrics: Where requests are counted.
        public: Paths that need no token.
    """

    def __init__(
        self, app: ASGIApp, token: str, limits: Limits, metrics: Metrics, public: frozenset[str]
    ) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self.public = public
        self._expected = f"Bearer {token}".encode() if token else b""
        self._rates = RateLimiter(limits.rate)
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
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            await send(message)

        self._n_running += 1
        try:
            headers = dict(scope["headers"])
            refusal = self._check_load(client) or self._check_access(scope, headers)
            if refusal is None:
                refusal = await self._read_body(scope, receive, headers)
            if refusal is None:
                await self.app(scope, receive, send_and_note)
            else:
                await _refuse(send_and_note, refusal)
        except Exception:
            logger.exception("a request failed")
            if not status:
                await _refuse(
                    send_and_note,
                    Refusal(500, "InternalError", "the service failed; its log says why"),
                )
        finally:
            self._n_running -= 1
            self._log(scope, client, status, time.perf_counter() - began_s)

    def _check_load(self, client: str) -> Refusal | None:
        """Refuse a request where there are too many, of this client or of all."""
        if wait_s := self._rates.wait_s(client):
            return Refusal(
                429,
                "TooManyRequests",
                f"at most {self.limits.rate:g} requests a second are served",
                wait_s,
            )
        if self._n_running > self.limits.max_requests:
            return Refusal(
                503,
                "Busy",
                f"{self.limits.max_requests} requests are being served; come again",
                _BUSY_S,
            )
        return None

    def _check_access(self, scope: Scope, headers: dict[bytes, bytes]) -> Refusal | None:
        """Refuse a request without the token; where there is none, from anywhere but here."""
        if not self._expected:
            return _check_origin(scope, headers)
        given = headers.get(b"authorization", b"")
        if scope["path"] in self.public or hmac.compare_digest(given, self._expected):
            return None
        return Refusal(
            401, "Unauthorized", "send the service's token, as in 'Authorization: Bearer TOKEN'"
        )

    async def _read_body(
        self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]
    ) -> Refusal | None:
        """Read the body into the scope, or refuse it."""
        scope["luthier.body"] = b""
        if scope["method"] not in ("POST", "DELETE"):
            return None
        max_body = self.limits.max_body
        too_large = Refusal(
            413, "BodyTooLarge", f"a request has at most {max_body} bytes; send it in parts"
        )
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > max_body:
            return too_large

        parts: list[bytes] = []
        n_bytes = 0
        more = length != b"0" or b"transfer-encoding" in headers
        try:
            async with asyncio.timeout(self.limits.read_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return Refusal(400, "BadRequest", "the client closed the connection")
                    parts.append(message.get("body", b""))
                    n_bytes += len(parts[-1])
                    more = message.get("more_body", False)
                    if n_bytes > max_body:
                        return too_large
        except TimeoutError:
            message_text = f"the request was not complete after {self.limits.read_s:g} s"
            return Refusal(408, "RequestTimeout", message_text)
        scope["luthier.body"] = b"".join(parts)
        return None

    def _log(self, scope: Scope, client: str, status: int, seconds: float) -> None:
        """Count the request, and log it as one line of JSON, with its path as it was sent."""
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.metrics.count(scope.get("luthier.route", "none"), method, status, seconds)
        if logger.isEnabledFor(logging.INFO):
            path = scope["raw_path"][:200].decode("ascii", "replace")
            line = {
                "time": round(time.time(), 3),
                "client": client,
                "method": method,
                "path": path,
                "status": status,
                "ms": round(1000 * seconds, 2),
                "bytes": len(scope.get("luthier.body", b"")),
            }
            logger.info(msgspec.json.encode(line).decode())


def _check_origin(scope: Scope, headers: dict[bytes, bytes]) -> Refusal | None:
    """Refuse a request that does not come from a program on this machine."""
    ends = [end for end in (scope.get("client"), scope.get("server")) if end]
    # A socket file has no port.
    if not all(is_loopback(end[0]) for end in ends if end[1] is not None):
        return Refusal(403, "Forbidden", "a service without a token serves this machine only")
    if b"origin" in headers:
        return Refusal(403, "Forbidden", "a service without a token serves no page of a browser")

    host = headers.get(b"host", b"").decode("latin-1")
    name, _, port = host.rpartition(":")
    if not name or port.endswith("]"):  # no port, or the colons of an IPv6 address
        name = host
    if not is_loopback(name):
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
    if refusal.status == 408:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
