"""Sessions of browsers: who has shown the token, and is known by a cookie from then on.

A cookie comes with every request to this host, whichever page sends it. So a request counts as the
page's own only where the browser says that the page is of the same origin, and one that changes
something only with a header besides, which no other origin may send.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.requests import Request

from .request_log import logger

COOKIE = "luthier-session"
MARK = b"x-luthier"  # header of requests of the page that change something

_HOURS = 12
_CODE_S = 3600.0  # for how long a link that logs in is good
_MAX_CODES = 100
_CLOSED = re.compile(r"^([0-9]{1,12}) ([0-9a-f]{64})$", re.MULTILINE)  # a line of the file
_OWN_SITES = (b"same-origin", b"none")


class Sessions:
    """The open sessions: they end after 12 hours, when they are closed, or with the token.

    A session's id says when it ends, signed with what only the service knows. So a service that is
    started again with the same token knows the sessions that its browsers have. Which of them were
    closed stands in a file, as hashes, which all services with this token read.

    Args:
        token: The service's token; without one the sessions end with the service.
        file: Where closed sessions are noted; None forgets them when the service ends.
    """

    def __init__(self, token: str = "", file: Path | None = None) -> None:
        secret = token.encode() or secrets.token_bytes(32)
        self._key = hmac.digest(secret, b"sessions of the page", "sha256")
        self._closed: dict[str, float] = {}  # hashes, and when the sessions would have ended
        self._file = file if token else None
        self._n_read = 0  # bytes of the file
        self._codes: OrderedDict[str, float] = OrderedDict()  # and when they end

    def make_code(self) -> str:
        """Make a secret that opens one session, within an hour: for a link."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = time.monotonic() + _CODE_S
        if len(self._codes) > _MAX_CODES:
            self._codes.popitem(last=False)
        return code

    def take_code(self, code: str) -> bool:
        """Whether a code is one, which it is no more after this."""
        return self._codes.pop(code, 0.0) > time.monotonic()

    def open(self) -> str:
        """Open a session, and return its id, a secret of its own."""
        session = f"{int(time.time()) + 3600 * _HOURS}.{secrets.token_urlsafe(16)}"
        return f"{session}.{self._sign(session)}"

    def close(self, session: str) -> None:
        """End a session."""
        now_s = time.time()
        self._closed = {closed: end for closed, end in self._closed.items() if end > now_s}
        if self.holds(session):
            self._closed[_hash(session)] = _end_of(session)
            self._note(f"{_end_of(session):.0f} {_hash(session)}\n")

    def _note(self, line: str) -> None:
        """Write a line to the file of closed sessions."""
        if self._file is None:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            with open(os.open(self._file, flags, 0o600), "a") as file:
                file.write(line)
        except OSError as e:
            logger.warning(
                "a logout cannot be noted in %s, so that the session is open again after a "
                "restart of the service: %s",
                self._file,
                e,
            )

    def _read(self) -> None:
        """Read which sessions were closed since the last look, by this service or another."""
        if self._file is None:
            return
        with contextlib.suppress(FileNotFoundError):
            size = os.stat(self._file).st_size
            if size != self._n_read:
                text = self._file.read_text(errors="replace")
                self._n_read = size
                self._closed |= {closed: float(end) for end, closed in _CLOSED.findall(text)}

    def holds(self, session: str) -> bool:
        """Whether a session is open."""
        signed, _, signature = session.rpartition(".")
        is_own = hmac.compare_digest(signature.encode(), self._sign(signed).encode())
        if not is_own or _end_of(session) <= time.time():
            return False
        self._read()
        return _hash(session) not in self._closed

    def _sign(self, session: str) -> str:
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def admits(self, method: str, headers: Mapping[bytes, bytes], port: int) -> bool:
        """Whether a request is one of the page itself, in an open session.

        Args:
            method: The request's method.
            headers: Its headers, the names in small letters.
            port: The service's port.
        """
        return is_own_page(method, headers) and self.holds(find_session(headers, port))


def _hash(session: str) -> str:
    """What is noted of a closed session, from which nobody can make it."""
    return hashlib.sha256(session.encode()).hexdigest()


def _end_of(session: str) -> float:
    """When a session ends, in seconds since 1970, as its signed id says."""
    return float(session.partition(".")[0])


def is_own_page(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page of another origin cannot have sent a request.

    Args:
        method: The request's method.
        headers: Its headers, the names in small letters.
    """
    if headers.get(b"sec-fetch-site", b"none") not in _OWN_SITES:
        return False
    origin = headers.get(b"origin")
    if origin is not None:
        _, _, host = origin.partition(b"://")
        if not host or host != headers.get(b"host"):
            return False
    return method in ("GET", "HEAD") or headers.get(MARK) == b"1"


def find_session(headers: Mapping[bytes, bytes], port: int) -> str:
    """The id of the session in a request's cookie; "" without one."""
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return ""
    found = cookies.get(cookie_name(port))
    return "" if found is None else found.value


def port_of(request: Request) -> int:
    """The port that a request came to."""
    server = request.scope.get("server") or ("", 0)
    return server[1] or 0


def cookie_name(port: int) -> str:
    """The name of the cookie: browsers send the cookies of one port to all ports of a host."""
    return f"{COOKIE}-{port}"


def make_cookie(session: str, port: int, is_encrypted: bool) -> str:
    """The header Set-Cookie of a session; "" as session removes the cookie.

    Args:
        session: Its id.
        port: The service's port.
        is_encrypted: Whether the browser came by https, and must not send it otherwise.
    """
    age_s = 3600 * _HOURS if session else 0
    secure = "; Secure" if is_encrypted else ""
    name = cookie_name(port)
    return f"{name}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}"
