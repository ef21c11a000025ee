"""Places of checkpoints: which URLs are taken, and which places of others are opened.

A place that is stored with a study comes from whoever can write to its storage. It is opened where
the user of this process has named it, or one above it; else it is shown only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

from ..errors import CheckpointError, CheckpointPlaceError
from ..passwords import hide_password

ALLOWED = "LUTHIER_CHECKPOINTS_ALLOW"
"""Variable of the environment: folders and URLs, separated by commas."""

# Schemes of file systems that can be written to, and that open nothing but what the URL names.
SCHEMES = (
    *("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "tos", "hf", "lakefs"),
    *("sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs", "dbfs", "gdrive", "box", "dropbox"),
    *("local", "memory"),
)
_CLIMBS = re.compile(r"(^|[/\\])\.\.($|[/\\])")
_ODD = re.compile(r"::|[?#\\\x00-\x20\x7f]")


def is_url(place: str) -> bool:
    """Whether a place is a URL for fsspec, and not a folder of this machine."""
    return "://" in place and not place.startswith("file://")


def to_folder(place: str) -> Path:
    """The folder of this machine that a path, or a URL that begins with file://, means."""
    return Path(
        unquote(place.removeprefix("file://")) if place.startswith("file://") else place
    ).absolute()


def check_url(url: str) -> None:
    """Refuse a URL that could open something else than it names.

    Raises:
        CheckpointError: It is a chain of URLs, or of another scheme than `SCHEMES`.
    """
    if "::" in url:
        raise CheckpointError(
            f"a place for checkpoints is one URL, got a chain of them: {hide_password(url)!r:.200}"
        )
    scheme = url.partition("://")[0]
    if scheme not in SCHEMES:
        raise CheckpointError(
            f"checkpoints cannot be stored at {hide_password(url)!r:.200}: expected a folder, or a "
            f"URL that begins with one of {', '.join(SCHEMES)}, got {scheme!r:.50}"
        )


def allowed_places() -> list[str]:
    """The places that the environment of this process allows."""
    return [place for text in os.environ.get(ALLOWED, "").split(",") if (place := text.strip())]


def find_allowed(stored: str, allowed: Iterable[str]) -> str | None:
    """Return the place to open for one that is stored; None where it is not below an allowed one.

    Scheme and host, with the user and the password, are those of the allowed place: of what is
    stored only the path below it is used.

    Args:
        stored: The place.
        allowed: Places that it may be, or be below.
    """
    if _CLIMBS.search(unquote(stored)) or not stored.isprintable():
        return None
    for place in allowed:
        if is_url(stored) and is_url(place):
            below = _path_below(stored, place)
            if below is not None:
                return place.rstrip("/") + below
        elif os.path.isabs(stored) and not is_url(place):
            folder = Path(os.path.realpath(to_folder(stored)))
            if folder.is_relative_to(os.path.realpath(to_folder(place))):
                return str(folder)
    return None


def _path_below(url: str, above: str) -> str | None:
    """The path of a URL below another; None where it is not there."""
    site, path = _split(url)
    site_above, path_above = _split(above)
    if site != site_above or _ODD.search(unquote(path)):
        return None
    if not f"{path}/".startswith(f"{path_above.rstrip('/')}/"):
        return None
    return path.removeprefix(path_above.rstrip("/"))


def _split(url: str) -> tuple[str, str]:
    """A URL as scheme, user and host without a password, and path."""
    scheme, _, rest = url.partition("://")
    site, slash, path = rest.partition("/")
    user, at, host = site.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{host}", slash + path


class UnnamedPlace:
    """A place that stands in a study and that the user of this process has not named.

    It has the verbs of `Folder`, and does nothing.

    Args:
        why: The message of the error that every verb raises.
    """

    def __init__(self, why: str) -> None:
        self._why = why

    def _refuse(self, *_: Any) -> NoReturn:
        raise CheckpointPlaceError(self._why)

    inner = create = open = staging = put = fetch = read = remove = files = _refuse
