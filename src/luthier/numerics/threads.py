"""Linear algebra on one thread: small matrices lose on many."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

_lock = threading.RLock()


def _renew() -> None:
    """Make a new lock in a forked child: the old one may be held by a thread it does not have."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the BLAS of this process to one thread meanwhile, and restore its former limit.

    The limit is the whole process's, so Python threads wait for one another here.
    """
    with _lock, _controller().limit(limits=1, user_api="blas"):
        yield
