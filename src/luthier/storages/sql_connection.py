"""A connection to a database server: the same for every driver."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import UnstorableError
from .relational_reader import Cursor

_FRAME_BYTES = 2_000  # of a statement beside the texts in it


class Connection:
    """A driver's connection, which takes '?' for an argument.

    Where the driver can, a statement of a transaction is sent without waiting for the one before
    it, until somebody reads a result.

    Args:
        driver: The driver's connection.
        max_bytes: The largest statement that the server reads; it hangs up on a larger one. None
            where it has no such bound.
    """

    def __init__(self, driver: Any, max_bytes: int | None = None) -> None:
        self._driver = driver
        self._max_bytes = max_bytes
        self._pipeline = None
        self._sent = False

    @contextlib.contextmanager
    def pipeline(self) -> Iterator[None]:
        """Send statements ahead while this lasts."""
        if not hasattr(self._driver, "pipeline"):
            yield
            return
        with self._driver.pipeline() as self._pipeline:
            yield
        self._pipeline = None

    def settle(self) -> None:
        """Wait for what was sent; then the server knows that this worker is idle."""
        if self._pipeline is not None and self._sent:
            self._pipeline.sync()
            self._sent = False

    def execute(self, statement: str, args: Sequence[Any] = (), /) -> Cursor:
        self._check_size(args)
        cursor = self._driver.cursor()
        cursor.execute(_with_markers(statement), args or None)
        self._sent = True
        return LazyCursor(self, cursor)

    def executemany(self, statement: str, args: Iterable[Sequence[Any]], /) -> Cursor:
        rows = list(args)
        for row in rows:
            self._check_size(row)
        cursor = self._driver.cursor()
        if len(rows) == 1:
            cursor.execute(_with_markers(statement), rows[0])
        elif rows:
            cursor.executemany(_with_markers(statement), rows)
        self._sent = True
        return LazyCursor(self, cursor)

    def _check_size(self, args: Sequence[Any]) -> None:
        if self._max_bytes is None:
            return
        size = _FRAME_BYTES + sum(_measure_quoted(a) for a in args if isinstance(a, str))
        if size > self._max_bytes:
            raise UnstorableError(
                f"the server takes statements of up to {self._max_bytes} bytes "
                f"(max_allowed_packet), this one has {size}"
            )


def _measure_quoted(text: str) -> int:
    """Return the size of a text within a statement, in bytes; quoted characters count twice."""
    return len(text.encode()) + sum(map(text.count, "\"'\\"))


class LazyCursor:
    """Result of a statement, which is waited for when somebody reads it."""

    __slots__ = ("_connection", "_cursor")

    def __init__(self, connection: Connection, cursor: Any) -> None:
        self._connection = connection
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        self._connection.settle()
        return int(self._cursor.rowcount)

    def fetchone(self) -> Any:
        self._connection.settle()
        return self._cursor.fetchone()

    def fetchall(self) -> Sequence[Any]:
        self._connection.settle()
        return self._cursor.fetchall()  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Any]:
        self._connection.settle()
        return iter(self._cursor)


@functools.lru_cache(256)
def _with_markers(statement: str) -> str:
    """Return a statement with the drivers' own markers of arguments."""
    return statement.replace("?", "%s")
