"""Forks of this process, which no connection and no held lock may cross."""

from __future__ import annotations

import itertools
import os
import threading
import weakref

from ..errors import StudyError


class ForkAware:
    """Base of what a child may not share with its parent, such as connections.

    `follow_forks` must be called once for each object, after it has been called for those whose
    locks are taken while the lock of this one is held.
    """

    def before_fork(self) -> None:
        """Get ready: called in the process that forks."""

    def after_fork(self, in_child: bool) -> None:
        """Go on: called in the process that has forked, and in its child.

        Args:
            in_child: Whether this is the child.
        """


class UnusableLock:
    """Lock of a study in a process that was forked while a thread of its parent changed it."""

    def __init__(self, study: str) -> None:
        self._study = study

    def acquire(self, timeout: float = -1) -> bool:
        raise StudyError(
            f"this process was forked while another thread worked on study {self._study!r}, so it "
            "has half of a change; open the study here with load_study, or start the process by "
            "'spawn'"
        )

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        """Release nothing."""


_all: weakref.WeakValueDictionary[int, ForkAware] = weakref.WeakValueDictionary()
_numbers = itertools.count()
_forking: list[ForkAware] = []  # the latest first, as locks are taken
_fork = threading.Lock()  # two threads may fork at once


def follow_forks(aware: ForkAware) -> None:
    """Call the methods of an object with every fork, for as long as it lives."""
    _all[next(_numbers)] = aware


def _before() -> None:
    _fork.acquire()
    _forking[:] = [aware for _, aware in sorted(_all.items(), reverse=True)]
    for aware in _forking:
        aware.before_fork()


def _after(in_child: bool) -> None:
    for aware in reversed(_forking):
        aware.after_fork(in_child)
    _forking.clear()
    _fork.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(in_child=False),
        after_in_child=lambda: _after(in_child=True),
    )
