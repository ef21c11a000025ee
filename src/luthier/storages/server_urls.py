"""URLs of storages on a server, and the folders on this machine that belong to them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from urllib.parse import urlencode

from ..passwords import hide_password


def with_options(url: str, options: Mapping[str, object]) -> str:
    """Return a URL with options after a question mark; those that are None are left out."""
    query = urlencode({name: v for name, v in options.items() if v is not None})
    return f"{url}?{query}" if query else url


def local_folder(url: str) -> str:
    """Return the folder for checkpoints of studies on a server, where nobody has named one.

    It is on this machine, in the user's cache.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    name = hashlib.sha256(hide_password(url.partition("?")[0]).encode()).hexdigest()[:16]
    return os.path.join(cache, "luthier", "checkpoints", name)
