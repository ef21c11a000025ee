"""Forks of this process, which no connection may cross."""

from __future__ import annotations

import os
import threading
import weakref


class ForkAware:
    """Base of what holds connections; `follow_forks` must be called once for each object."""

    def before_fork(self) -> None:
        """Get ready: called in the process that forks."""

    def after_fork(self, in_child: bool) -> None:
        """Go on: called in the process that has forked, and in its child.

        Args:
            in_child: Whether this is the child.
        """


_all: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_forking: list[ForkAware] = []
_fork = threading.Lock()  # two threads may fork at once


def follow_forks(aware: ForkAware) -> None:
    """Call the methods of an object with every fork, for as long as it lives."""
    _all.add(aware)


def _before() -> None:
    _fork.acquire()
    _forking[:] = list(_all)
    for aware in _forking:
        aware.before_fork()


def _after(in_child: bool) -> None:
    for aware in _forking:
        aware.after_fork(in_child)
    _forking.clear()
    _fork.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=lambda: _after(in_child=False),
        after_in_child=lambda: _after(in_child=True),
    )
