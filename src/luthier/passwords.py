"""Passwords and tokens in URLs, which no message, log, file or title of a process shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

_HIDDEN = "***"
_FURTHER = re.compile(r"(https?://)[^\s/@]+@|(://[^\s/@:]*:)[^\s/@]+@")  # URLs behind the first
# User, password and host of what may be a URL whose scheme was left out.
_WITHOUT_SCHEME = re.compile(r"(?<![^\s'\"(<=,/])([\w.+-]+):(?!/)[^\s'\"]{1,200}@(?=[\w\[])")
_MAX_DEPTH = 3  # of URLs in the options of others that are looked into
_SECRET = re.compile(
    r"pass|pwd|secret|token|credential|signature|^sig$|(access|account|api|shared)_?key|^key$",
    re.IGNORECASE,
)  # names of a URL's options


def hide_password(url: str) -> str:
    """Return a URL as people may see it: without its password or token, also without a scheme."""
    if "://" not in url:
        return _WITHOUT_SCHEME.sub(rf"\1:{_HIDDEN}@", url)
    return _FURTHER.sub(lambda found: f"{found[1] or found[2]}{_HIDDEN}@", _hide(url, 0))


def _hide(url: str, depth: int) -> str:
    """As `hide_password`, for a URL that stands within so many others."""
    scheme, mark, rest = url.partition("://")
    place, question, query = _split_query(rest)
    user, at, host = place.rpartition("@")
    name, colon, _ = user.partition(":")
    if mark and at:
        is_token = scheme.endswith(("http", "https"))
        hidden = f":{_HIDDEN}" if colon else ""
        place = f"{_HIDDEN}@{host}" if is_token else f"{name}{hidden}@{host}"
    options = [option.partition("=") for option in query.split("&")]
    query = "&".join(f"{name}{sign}{_hide_value(name, v, depth)}" for name, sign, v in options)
    return f"{scheme}{mark}{place}{question}{query}"


def _hide_value(name: str, value: str, depth: int) -> str:
    """The value of a URL's option as people may see it; it may be a URL itself."""
    if _SECRET.search(name):
        return _HIDDEN
    inner = unquote(value)
    if "://" not in inner:
        return value
    shown = _HIDDEN if depth == _MAX_DEPTH else _hide(inner, depth + 1)
    return value if shown == inner else shown


def hide_passwords(text: str) -> str:
    """Text in whose URLs the passwords are replaced."""
    if "://" not in text and "@" not in text:
        return text
    return re.sub(r"\S+", lambda word: hide_password(word[0]), text)


def find_secrets(url: str) -> set[str]:
    """Return what `hide_password` replaces in a URL, as it stands there and as it is meant."""
    place, _, query = _split_query(url.partition("://")[2])
    options = [option.partition("=") for option in query.split("&")]
    found = {value for name, _, value in options if _SECRET.search(name)}
    found.add(place.rpartition("@")[0].partition(":")[2])
    return {secret for s in found for secret in (s, unquote(s)) if secret}


def hide_secrets(text: str, secrets: Iterable[str]) -> str:
    """Text in which secrets are replaced, wherever they stand."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _split_query(rest: str) -> tuple[str, str, str]:
    """What follows the scheme of a URL as place, question mark and options."""
    place, question, query = rest.partition("?")
    if "@" in query and "@" not in place:  # a question mark within the password
        return rest, "", ""
    return place, question, query
