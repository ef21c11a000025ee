"""The page in a browser: its files, and its login."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import Callable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..storages.http_messages import Form
from .limits import RateLimiter
from .middleware import encode_error
from .page_script import join_scripts, strip_comments
from .sessions import Sessions, find_session, is_own_page, make_cookie, port_of

LOGIN = "/ui/login"
LOGOUT = "/ui/logout"
SESSION = "/ui/session"
FILES = "/ui/page/"  # before the files of the page

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_PAGE = "index.html"  # whose address is /
_SCRIPTS = "js/"
_JOINED = ("app.js", "stream.js")  # each with all that it imports
_WORDS = "words/"
_KEPT = "public, max-age=31536000, immutable"
_LOGINS_S = 5 / 60  # of one address
_BURST = 5
_MAX_LOGIN = 8192  # bytes
_READ_S = 20.0


class PageFile(NamedTuple):
    """A file of the page.

    What has a version in its address never changes there, so that a browser keeps it for good.

    Attributes:
        content: Its bytes; of scripts without comments, those of the page as one.
        packed: The same, compressed by gzip.
        media_type: Of the content.
        tag: Its ETag.
        is_kept: Whether its address has a version.
    """

    content: bytes
    packed: bytes
    media_type: str
    tag: str
    is_kept: bool


class _Login(Form):
    """The service's token, or the code of a link, which is good for one login."""

    token: str = ""
    code: str = ""


def read_page_files() -> dict[str, PageFile]:
    """The files of the page, by their addresses; only these are served.

    All but the page itself stand below a version, which is made of what they hold.
    """
    found = dict(_walk(resources.files("luthier.server") / "page", ""))
    page = found.pop(_PAGE)
    scripts = {
        path.removeprefix(_SCRIPTS): strip_comments(found[path].decode())
        for path in sorted(found)
        if path.startswith(_SCRIPTS)
    }
    modules = {path: text for path, text in scripts.items() if not path.startswith(_WORDS)}
    for path in modules:
        del found[f"{_SCRIPTS}{path}"]
    found |= {f"{_SCRIPTS}{path}": scripts[path].encode() for path in scripts.keys() - modules}
    for path in _JOINED:
        found[f"{_SCRIPTS}{path}"] = join_scripts(modules, path).encode()

    version = _digest(b"".join(content for _, content in sorted(found.items())))
    links = page.replace(FILES[1:].encode(), f"{FILES[1:]}{version}/".encode())
    files = {f"{FILES}{version}/{path}": _make_file(path, found[path]) for path in found}
    return {"/": _make_file(_PAGE, links), **files}


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    """The files in a folder and in those below, with their addresses."""
    for item in folder.iterdir():
        if item.is_dir():
            yield from _walk(item, f"{prefix}{item.name}/")
        elif item.name.rpartition(".")[2] in _TYPES:
            yield f"{prefix}{item.name}", item.read_bytes()


def _make_file(path: str, content: bytes) -> PageFile:
    media_type = _TYPES[path.rpartition(".")[2]]
    tag = f'"{_digest(content)}"'
    return PageFile(content, gzip.compress(content, mtime=0), media_type, tag, path != _PAGE)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


class Page:
    """Serves the page, and opens sessions for those who send the token.

    Args:
        token: The service's token; "" for none: then whoever loads the page has a session.
        sessions: The open sessions.
        read_only: Why the page may change nothing; "" if it may.
        on_logout: Called when a session has ended.
    """

    def __init__(
        self, token: str, sessions: Sessions, read_only: str, on_logout: Callable[[], None]
    ) -> None:
        self._token = token.encode()
        self._sessions = sessions
        self._on_logout = on_logout
        self._read_only = read_only
        self._files = read_page_files()
        self._rates = RateLimiter(_LOGINS_S, _BURST)

    @property
    def public(self) -> frozenset[str]:
        """The addresses that need no session."""
        return frozenset([*self._files, LOGIN, SESSION])

    def routes(self) -> list[Route]:
        """The routes of the page."""
        return [
            *(Route(path, self._serve_file, methods=["GET"]) for path in self._files),
            Route(LOGIN, self._log_in, methods=["POST"]),
            Route(LOGOUT, self._log_out, methods=["POST"]),
            Route(SESSION, self._say_session, methods=["GET"]),
        ]

    async def _serve_file(self, request: Request) -> Response:
        path = request.scope["path"]
        request.scope["luthier.route"] = path
        file = self._files[path]
        kept = _KEPT if file.is_kept else "no-cache"
        headers = {"ETag": file.tag, "Cache-Control": kept, "Vary": "Accept-Encoding"}
        if path == "/" and not self._token and not self._has_session(request):
            headers["Set-Cookie"] = self._open(request)
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(file.packed, 200, headers, file.media_type)
        return Response(file.content, 200, headers, file.media_type)

    async def _log_in(self, request: Request) -> Response:
        """Open a session for who sends the token."""
        request.scope["luthier.route"] = LOGIN
        if not is_own_page("POST", dict(request.scope["headers"])):
            return _refuse(403, "Forbidden", "only the page itself can log in")
        wait_s = self._rates.wait_s(request.client.host if request.client else "")
        if wait_s:
            return _refuse(429, "TooManyRequests", f"come again in {wait_s:.0f} s", wait_s)
        try:
            async with asyncio.timeout(_READ_S):
                login = msgspec.json.decode(await _read(request), type=_Login)
        except TimeoutError:
            return _refuse(408, "Timeout", f"expected the login within {_READ_S:g} s")
        except (msgspec.MsgspecError, UnicodeError):
            return _refuse(400, "BadRequest", 'expected {"token": "..."}')
        is_known = bool(self._token) and hmac.compare_digest(login.token.encode(), self._token)
        if login.code and not self._sessions.take_code(login.code):
            return _refuse(401, "Unauthorized", "this link has been used, or is too old")
        if not login.code and not is_known:
            return _refuse(401, "Unauthorized", "this is not the service's token")
        return Response(status_code=204, headers={"Set-Cookie": self._open(request)})

    async def _log_out(self, request: Request) -> Response:
        """End the session."""
        request.scope["luthier.route"] = LOGOUT
        port = port_of(request)
        self._sessions.close(find_session(dict(request.scope["headers"]), port))
        self._on_logout()
        return Response(status_code=204, headers={"Set-Cookie": make_cookie("", port, False)})

    async def _say_session(self, request: Request) -> Response:
        """Say whether a session is open, so that a page without one asks for nothing else."""
        request.scope["luthier.route"] = SESSION
        said = {
            "open": self._has_session(request),
            "token": bool(self._token),
            "acts": not self._read_only,
            "why": self._read_only,
        }
        headers = {"Cache-Control": "no-store"}
        return Response(msgspec.json.encode(said), 200, headers, "application/json")

    def _open(self, request: Request) -> str:
        is_encrypted = request.url.scheme == "https" or request.headers.get(
            "origin", ""
        ).startswith("https:")
        return make_cookie(self._sessions.open(), port_of(request), is_encrypted)

    def _has_session(self, request: Request) -> bool:
        return self._sessions.holds(find_session(dict(request.scope["headers"]), port_of(request)))


async def _read(request: Request) -> bytes:
    """The body of a login, which is short; b"" for a longer one."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_LOGIN:
            return b""
    return body


def _refuse(status: int, kind: str, message: str, retry_after_s: float | None = None) -> Response:
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:.0f}"}
    body = encode_error(kind, message, retry_after_s)
    return Response(body, status, headers, "application/json")
