"""Files and places that texts name: what tells them from the name of a study."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from .base import Storage

ENDINGS = (".db", ".sqlite", ".sqlite3")  # of SQLite files
BARE_SCHEME = re.compile(r"(sqlite3?|file|db):(?!//)", re.IGNORECASE)  # a URL without its //
# How a path begins: at the root or at home, beside or above this folder, on a drive.
_PATH = re.compile(r"[/~]|\.{1,2}[/\\]|[A-Za-z]:[/\\]|sqlite:")


def is_place(text: str) -> bool:
    """Whether a text is a URL or a path, as storages have, rather than a name."""
    return "://" in text or text.endswith(ENDINGS) or _PATH.match(text) is not None


def find_missing_file(storage: str | os.PathLike[str] | Storage | None) -> Path | None:
    """Return the SQLite file that a URL or a path names, if it does not exist; else None."""
    if not isinstance(storage, str | os.PathLike):
        return None
    text = os.fspath(storage)
    if text.startswith("sqlite://"):
        path = unquote(text.partition("://")[2].partition("?")[0].removeprefix("/"))
    elif "://" not in text and text.endswith(ENDINGS) and not BARE_SCHEME.match(text):
        path = text
    else:
        return None
    file = Path(path).expanduser()
    return None if path in ("", ":memory:") or file.exists() else file
