"""Temporary files that are removed when the process ends."""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
from typing import Any

_paths: list[str] = []


@atexit.register
def _remove_all() -> None:
    while _paths:
        with contextlib.suppress(OSError):
            os.unlink(_paths.pop())


class NamedTemporaryFilePool:
    """A named temporary file, closed at the end of a block and removed at that of the process.

    Args:
        **kwargs: Of `tempfile.NamedTemporaryFile`.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.kwargs = kwargs
        self._file: Any = None

    def tempfile(self) -> Any:
        """Make the file and return it."""
        self._file = tempfile.NamedTemporaryFile(delete=False, **self.kwargs)  # noqa: SIM115
        _paths.append(self._file.name)
        return self._file

    def __enter__(self) -> Any:
        return self.tempfile()

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    @classmethod
    def cleanup(cls) -> None:
        """Remove all files."""
        _remove_all()
