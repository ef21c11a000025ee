"""Connections to PostgreSQL that do not wait for ever: its library has no bound for an answer."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")


def bounded(answer_s: float) -> type[psycopg.Connection[Any]]:
    """A class of connections on which the server may be silent so long when it is asked."""

    class BoundedConnection(psycopg.Connection[Any]):
        def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
            try:
                return super().wait(_end_silence(gen, answer_s), *args, **kwargs)
            except _SilenceError:
                self.pgconn.finish()  # nothing else is sent over it, and waited for
                raise

    return BoundedConnection


class _SilenceError(psycopg.OperationalError):
    """The server has been silent for too long."""


def _end_silence(gen: Generator[Any, Any, T], answer_s: float) -> Generator[Any, Any, T]:
    """Do what a generator of psycopg does; it is told every moment that nothing has come."""
    try:
        wanted = next(gen)
        heard_s = time.monotonic()
        while True:
            ready = yield wanted
            if ready:
                heard_s = time.monotonic()
            elif time.monotonic() - heard_s > answer_s:
                raise _SilenceError(f"no answer within {answer_s:g} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
