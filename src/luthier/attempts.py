"""Attempts at what may fail for a while: repeated until one succeeds, or for so long."""

from __future__ import annotations

import copy
import errno
import math
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from .terminal import logger

WAIT_S = 30.0  # how long a full disk and the like are waited for
_SHORTEST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0
_SOON_S = 10.0  # who fails so soon after somebody has waited in vain does not wait again
_HUNG_S = 1.0  # what fails after this time and longer hangs
# What the system says when it is out of something, or when a disk or a network is away.
_EXHAUSTED = {
    getattr(errno, name, None)
    for name in (
        "EAGAIN",
        "EDQUOT",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "EIO",
        "EMFILE",
        "ENETDOWN",
        "ENETUNREACH",
        "ENFILE",
        "ENOBUFS",
        "ENOMEM",
        "ENOSPC",
        "ENOTCONN",
        "ESTALE",
        "ETIMEDOUT",
    )
} - {None}
T = TypeVar("T")


def is_exhausted(e: BaseException) -> bool:
    """Return whether an error of the system is the machine's, and may pass.

    Such as no space, no more open files, no memory; not a missing right or file.
    """
    return isinstance(e, OSError) and e.errno in _EXHAUSTED


class Attempts:
    """Attempts at one thing, such as a server or a disk, by any number of threads.

    Args:
        within_s: For how many seconds an attempt is repeated.
    """

    def __init__(self, within_s: float = WAIT_S) -> None:
        self.within_s = within_s
        self._is_away = False  # so that only one of many threads logs it
        self._in_vain_s = -math.inf  # when somebody has last given up, by time.monotonic
        self._hung: Exception | None = None  # what was raised then, if that was long in coming
        self._last_attempt_s = math.inf  # by time.monotonic; `end_soon` brings it forward

    def __reduce__(self) -> tuple[Any, ...]:
        return Attempts, (self.within_s,)

    def run(
        self,
        attempt: Callable[[], T],
        may_pass: Callable[[Exception], bool],
        subject: object,
        within_s: float | None = None,
    ) -> T:
        """Return the answer of an attempt, which is repeated while what it raises may pass.

        What hung until somebody gave up is left alone for a moment, so that a run that ends, and
        all its threads, do not wait for it one after the other.

        Args:
            attempt: What is tried.
            may_pass: Whether it is worth another attempt after an exception.
            subject: What is being waited for; its representation is logged.
            within_s: For how many seconds, in place of the object's own; never longer than that.

        Raises:
            Exception: What the last attempt raised.
        """
        began_s = time.monotonic()
        if self._hung is not None and began_s - self._in_vain_s <= _SOON_S:
            raise copy.copy(self._hung)
        pause_s = _SHORTEST_PAUSE_S
        has_failed = False
        while True:
            attempt_s = time.monotonic()
            try:
                answer = attempt()
            except Exception as e:
                # The object's own is read each time, as `end_soon` may shorten it meanwhile.
                wait_s = min(self.within_s, math.inf if within_s is None else within_s)
                if not may_pass(e):
                    raise
                has_failed = True
                if not self._goes_on(began_s, wait_s):
                    self._in_vain_s = time.monotonic()
                    is_hung = self._in_vain_s - attempt_s > _HUNG_S
                    self._hung = copy.copy(e).with_traceback(None) if is_hung else None
                    self._is_away = False
                    raise
                if not self._is_away:
                    self._is_away = True
                    logger.warning("%s; trying for %g s", e, wait_s)
                time.sleep(random.uniform(0.5, 1.0) * pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self._in_vain_s = -math.inf
                self._hung = None
                # Others may have succeeded at what needs less: a full disk can be read.
                if self._is_away and has_failed:
                    self._is_away = False
                    logger.warning("%r answers again", subject)
                return answer

    def _goes_on(self, began_s: float, wait_s: float) -> bool:
        now_s = time.monotonic()
        return (
            now_s < min(began_s + wait_s, self._last_attempt_s)
            and began_s - self._in_vain_s > _SOON_S
        )

    def end_soon(self, within_s: float) -> None:
        """Repeat nothing any more in so many seconds from now."""
        self.within_s = min(self.within_s, within_s)
        self._last_attempt_s = min(self._last_attempt_s, time.monotonic() + within_s)
