"""A connection to a database server: the same for every driver."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .relational import Cursor


class Connection:
    """A driver's connection, which takes '?' for an argument.

    Where the driver can, a statement of a transaction is sent without waiting for the one before
    it, until somebody reads a result.

    Args:
        driver: The driver's connection.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
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
        cursor = self._driver.cursor()
        cursor.execute(_with_markers(statement), args or None)
        self._sent = True
        return LazyCursor(self, cursor)

    def executemany(self, statement: str, args: Iterable[Sequence[Any]], /) -> Cursor:
        rows = list(args)
        cursor = self._driver.cursor()
        if len(rows) == 1:
            cursor.execute(_with_markers(statement), rows[0])
        elif rows:
            cursor.executemany(_with_markers(statement), rows)
        self._sent = True
        return LazyCursor(self, cursor)


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
