"""Who is let in, and with how much: token, host, rates and sizes.

And what is noted of every request.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import time
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .limits import Limits, Rates
from .metrics import Metrics
from .schemas import Failure, Wrong

logger = logging.getLogger("luthier.server")

_METHODS = ("GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS")
_BUSY_S = 1.0


def failure(kind: str, message: str, retry_after_s: float | None = None) -> bytes:
    """The body of an answer that is none."""
    return msgspec.json.encode(Failure(Wrong(kind, message, retry_after_s)))


def loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Stands before the application.

    What it lets through has been read, in full, and may be served.

    Without a token, only requests from and to an address of this machine are served: a page in a
    browser that calls this machine by a name of its own is none of them, nor is one that says where
    it comes from.

    Args:
        app: The application.
        token: What clients must show; "" for nothing.
        limits: How much is taken.
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
        self._rates = Rates(limits.rate)
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 0
        client = scope["client"][0] if scope["client"] else ""

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            await send(message)

        self._running += 1
        try:
            headers = dict(scope["headers"])
            refusal = self._refusal(scope, client, headers)
            if refusal is None:
                refusal = await self._read(scope, receive, headers)
            if refusal is None:
                await self.app(scope, receive, noting)
            else:
                await answer(noting, *refusal)
        except Exception:
            logger.exception("a request failed")
            if not status:
                await answer(noting, 500, "InternalError", "the service failed; its log says why")
        finally:
            self._running -= 1
            self._note(scope, client, status, time.perf_counter() - began)

    def _refusal(
        self, scope: Scope, client: str, headers: dict[bytes, bytes]
    ) -> tuple[Any, ...] | None:
        """Why a request is not let in, by its head."""
        if wait_s := self._rates.wait_s(client):
            return (
                429,
                "TooManyRequests",
                f"at most {self.limits.rate:g} requests a second are served",
                wait_s,
            )
        if self._running > self.limits.max_requests:
            return (
                503,
                "Busy",
                f"{self.limits.max_requests} requests are being served; come again",
                _BUSY_S,
            )
        if not self._expected:
            ends = (scope.get("client"), scope.get("server"))
            if not all(
                loopback(end[0]) for end in ends if end and end[1] is not None
            ):  # a socket file has no port
                return 403, "Forbidden", "a service without a token serves this machine only"
            if b"origin" in headers:
                return 403, "Forbidden", "a service without a token serves no page of a browser"
            host = headers.get(b"host", b"").decode("latin-1").rpartition(":")
            if not loopback(host[0] if host[0] and not host[2].endswith("]") else "".join(host)):
                return (
                    403,
                    "Forbidden",
                    "a service without a token serves requests to 127.0.0.1 or localhost only",
                )
        elif scope["path"] not in self.public and not hmac.compare_digest(
            headers.get(b"authorization", b""), self._expected
        ):
            return (
                401,
                "Unauthorized",
                "send the service's token, as in 'Authorization: Bearer TOKEN'",
            )
        return None

    async def _read(
        self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]
    ) -> tuple[Any, ...] | None:
        """Puts the body into the scope, or says why it is refused."""
        scope["luthier.body"] = b""
        if scope["method"] not in ("POST", "DELETE"):
            return None
        most = self.limits.max_body
        refusal = 413, "BodyTooLarge", f"a request has at most {most} bytes; send it in parts"
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > most:
            return refusal
        parts = []
        size = 0
        more = length != b"0" or b"transfer-encoding" in headers
        try:
            async with asyncio.timeout(self.limits.read_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return 400, "BadRequest", "the client hung up"
                    parts.append(message.get("body", b""))
                    size, more = size + len(parts[-1]), message.get("more_body", False)
                    if size > most:
                        return refusal
        except TimeoutError:
            return (
                408,
                "RequestTimeout",
                f"the request was not complete after {self.limits.read_s:g} s",
            )
        scope["luthier.body"] = b"".join(parts)
        return None

    def _note(self, scope: Scope, client: str, status: int, seconds: float) -> None:
        """One line of JSON; paths are as they were sent, in percent signs where they are no plain text."""
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


async def answer(
    send: Send,
    status: int,
    kind: str,
    message: str,
    retry_after_s: float | None = None,
    headers: Any = (),
) -> None:
    """Answers that a request is not served, and why."""
    body = failure(kind, message, retry_after_s)
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    if retry_after_s is not None:
        head.append((b"retry-after", str(max(1, round(retry_after_s))).encode()))
    if status == 401:
        head.append((b"www-authenticate", b"Bearer"))
    if status == 408:
        head.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
