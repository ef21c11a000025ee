"""Folders on this machine for the checkpoints of studies on a server."""

from __future__ import annotations

import hashlib
import os

from .base import hide_password


def local_folder(url: str) -> str:
    """Where checkpoints of studies on a server are where nobody named a place.

    Here, in the user's cache.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    name = hashlib.sha256(hide_password(url.partition("?")[0]).encode()).hexdigest()[:16]
    return os.path.join(cache, "luthier", "checkpoints", name)
