"""Messages to a URL that somebody named: JSON by POST, to that host and no other."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from .errors import LuthierError

_TIMEOUT_S = 10.0
_BUSY = {408, 425, 429, 500, 502, 503, 504}  # answers after which one tries again


class PostError(LuthierError):
    """A message that was not taken; its text names the host alone.

    Attributes:
        may_pass: Whether the host may take it later.
    """

    def __init__(self, message: str, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class Poster:
    """Sends messages to one URL, of which messages and errors tell the host alone.

    Args:
        url: Where to, with http or https.
        headers: Headers of the request, such as {"Authorization": "Bearer ..."}.
        timeout_s: How long an answer is waited for, in seconds.

    Raises:
        ValueError: The URL is none of http or https, or holds a password.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, timeout_s: float = _TIMEOUT_S
    ) -> None:
        self.host = _check_url(url)
        self._url = url
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_StayHere())

    def post(self, body: bytes) -> None:
        """Send a message, once.

        Raises:
            PostError: It was not taken.
        """
        request = urllib.request.Request(self._url, body, self._headers, method="POST")
        try:
            self._opener.open(request, timeout=self._timeout_s).close()
        except HTTPError as e:
            e.close()
            raise PostError(f"{self.host} answers with status {e.code}", e.code in _BUSY) from None
        except (URLError, OSError, HTTPException) as e:
            reason = getattr(e, "reason", e)
            raise PostError(f"{self.host} does not answer: {type(reason).__name__}", True) from None


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the host is the one that somebody named."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Return no other request, which makes the redirection an error."""
        return


def _check_url(url: Any) -> str:
    """Return the host of a URL.

    Raises:
        ValueError: It is no URL of http or https, or holds a password.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise ValueError(
            "expected a URL such as https://host/path, of http or https; got one of "
            f"{parts.scheme or 'no scheme'!r} and {'a host' if host else 'no host'}"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            'the URL holds a user or a password; give it in headers={"Authorization": ...} instead'
        )
    return host if port is None else f"{host}:{port}"
