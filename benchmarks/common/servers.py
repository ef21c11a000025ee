"""The database servers of the tests, with their default settings, for the time of a benchmark."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.support import servers


@contextlib.contextmanager
def server_folder() -> Iterator[str]:
    """A temporary folder for servers and files."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ[servers.RUN] = folder
        try:
            yield folder
        finally:
            del os.environ[servers.RUN]


def start_servers() -> Iterator[tuple[str, Any]]:
    """Start one server after the other, within `server_folder`; each ends when the next begins.

    A server whose programs are not installed is left out, which is printed.

    Yields:
        Its kind, as storage URLs have it, and the server: `fresh()` returns the URL of an empty
        database, `port` and `process` are what they say.
    """
    for kind, make in servers.KINDS.items():
        try:
            server = make()
        except FileNotFoundError as error:
            print(f"{kind} is left out: {error}", flush=True)
            continue
        with server:
            yield kind, server
