"""A server's clock, read now and then.

Between readings time goes on as on this machine, however its clock is set.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from ..errors import StorageUnreachableError

_EVERY_S = 30.0


def _elapsed_s() -> float:
    """Return the time of a clock that nobody sets, and which runs while the machine sleeps."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class ServerClock:
    """The clock of a server.

    Args:
        read: Asks the server for its time, in seconds since 1970.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read
        self._ahead_s: float | None = None  # of this machine's clock, `_elapsed_s`
        self._read_again_s = 0.0

    def now(self) -> float:
        """Return the time on the server, in seconds since 1970.

        Raises:
            StorageUnreachableError: The server has never been asked, and does not answer.
        """
        began_s = _elapsed_s()
        if self._ahead_s is None:
            self._read()  # the first reading connects, which takes its time
            self._compare()
        elif began_s >= self._read_again_s:
            with contextlib.suppress(StorageUnreachableError):
                self._compare()
            self._read_again_s = began_s + _EVERY_S
        assert self._ahead_s is not None
        return _elapsed_s() + self._ahead_s

    def _compare(self) -> None:
        """Read the server's clock beside this machine's."""
        began_s = _elapsed_s()
        server_s = self._read()
        self._ahead_s = server_s - (began_s + _elapsed_s()) / 2
        self._read_again_s = began_s + _EVERY_S
