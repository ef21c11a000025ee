"""How long a write keeps the other writers of its study waiting.

No public method shows a lock, so this looks at the relational storages from inside: it wraps the
private methods that take a lock, on one instance.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

from luthier.storages.relational import Relational

# Methods of Relational: one locks a study, one opens a transaction, one runs a statement.
_HOOKS = ("_raise_revision", "_write", "_query_one")


class Held(NamedTuple):
    """One lock: for how many seconds it was held, and during how many round trips."""

    seconds: float
    trips: int


class LockTimer:
    """Notes every lock that a storage takes.

    Args:
        storage: Redis and the service have no locks; of them nothing is noted.
        count_trips: Returns how many round trips there have been so far.

    Attributes:
        held: The locks so far; it can be cleared.

    Raises:
        RuntimeError: The storage no longer has the methods that are wrapped here.
    """

    def __init__(self, storage: Any, count_trips: Callable[[], int] = lambda: 0) -> None:
        self.held: list[Held] = []
        self._storage: Any = storage  # some of its methods are replaced
        self._count_trips = count_trips
        self._begun: list[tuple[float, int]] = []
        if not isinstance(storage, Relational):
            return
        if missing := [name for name in _HOOKS if not hasattr(storage, name)]:
            raise RuntimeError(
                f"{type(storage).__name__} has no {', '.join(missing)}: adapt LockTimer"
            )

        self._whole_file = hasattr(storage, "path")  # SQLite locks the file, not a study's row
        self._write = storage._write
        self._storage._write = self._write_and_note
        if not self._whole_file:
            self._has_returning: bool = self._storage._has_returning  # PostgreSQL, not MySQL
            self._raise_revision = storage._raise_revision
            self._query_one = storage._query_one
            self._trip_s = self._measure_trip()
            self._storage._raise_revision = self._raise_and_note
            self._storage._query_one = self._query_and_note

    def seconds(self) -> float:
        """The median time that a lock was held; 0 where there was none."""
        return median(held.seconds for held in self.held) if self.held else 0.0

    def trips(self) -> float:
        """The median number of round trips while a lock was held; 0 where there was none."""
        return median(held.trips for held in self.held) if self.held else 0

    def _now(self) -> tuple[float, int]:
        return time.perf_counter(), self._count_trips()

    def _measure_trip(self) -> float:
        """The median of the seconds that the shortest statement takes."""
        times_s = []
        for _ in range(100):
            begin_s = time.perf_counter()
            self._query_one("SELECT 1", ())
            times_s.append(time.perf_counter() - begin_s)
        return median(times_s)

    def _raise_and_note(self, *args: Any) -> Any:
        """Lock a study's row; PostgreSQL locks none if the number of trials is unexpected."""
        found = self._raise_revision(*args)
        if found is None and self._has_returning:
            self.held.append(Held(0.0, 0))
        else:
            self._begun.append(self._now())
        return found

    @contextlib.contextmanager
    def _write_and_note(self) -> Iterator[Any]:
        """Open a transaction; its end frees the lock."""
        self._begun.clear()
        with self._write() as transaction:
            if self._whole_file:
                self._begun.append(self._now())
            yield transaction
        if self._begun:
            end_s, end_trips = self._now()
            begin_s, begin_trips = self._begun[0]
            self.held.append(Held(end_s - begin_s, end_trips - begin_trips))

    def _query_and_note(self, statement: str, args: Any) -> Any:
        """Run one statement; in PostgreSQL such a write holds its lock on the server alone."""
        begin_s = time.perf_counter()
        found = self._query_one(statement, args)
        if statement.lstrip().startswith("WITH"):
            held_s = max(time.perf_counter() - begin_s - self._trip_s, 0.0)
            self.held.append(Held(held_s if found else 0.0, 0))
        return found
