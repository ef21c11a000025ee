"""A server's clock, read now and then.

Between readings time goes on as on this machine, however its clock is set.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from ..errors import StorageUnreachableError

_EVERY_S = 30.0


def _running_s() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps, where there is one."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class Clock:
    """The time on a server.

    Args:
        read: Asks the server, in seconds since 1970.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read
        self._ahead_s: float | None = None  # of this machine's monotonic clock
        self._due_s = 0.0

    def now(self) -> float:
        """Seconds since 1970, on the server.

        Raises:
            StorageUnreachableError: The server has never been asked, and does not answer.
        """
        began_s = _running_s()
        if self._ahead_s is None or began_s >= self._due_s:
            with contextlib.suppress(
                *(() if self._ahead_s is None else (StorageUnreachableError,))
            ):
                if self._ahead_s is None:
                    self._read()  # the first reading connects, which takes its time
                    began_s = _running_s()
                server_s = self._read()
                self._ahead_s = server_s - (began_s + _running_s()) / 2
            self._due_s = began_s + _EVERY_S
        assert self._ahead_s is not None
        return _running_s() + self._ahead_s
