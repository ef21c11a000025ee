"""Data that many trials read, and that must not travel with each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Place = Callable[["Handle[Any]"], Callable[[], Any]]
"""Puts the data of a handle somewhere, and returns what fetches it from there."""

_place: ContextVar[Place | None] = ContextVar("place", default=None)


class Handle(Generic[T]):
    """Stand-in for data that every process has once; made by `share`.

    Args:
        data: The data, where they are here.
        fetch: Fetches the data, where they are not.
    """

    def __init__(self, data: T | None, fetch: Callable[[], T] | None = None) -> None:
        self._data = data
        self._fetch = fetch

    def get(self) -> T:
        """Return the data; to be read, not changed.

        Where several processes look at the same memory, arrays are read-only.
        """
        if self._fetch is not None:
            self._data = self._fetch()
            self._fetch = None
        return self._data  # type: ignore[return-value]

    __call__ = get

    def __reduce__(self) -> tuple[Any, ...]:
        place = _place.get()
        return Handle, ((None, place(self)) if place is not None else (self._data, self._fetch))

    def __repr__(self) -> str:
        return f"Handle({'elsewhere' if self._fetch is not None else type(self._data).__name__})"


def share(data: T) -> Handle[T]:
    """Return a handle of data, for objectives to close over.

    `handle.get()` is the data. Other processes are sent it once, not with every trial; on Ray it is
    put into the object store once, and all workers of a machine read the same memory.

    Args:
        data: Anything that can be pickled; numpy arrays gain most.
    """
    return Handle(data)


@contextmanager
def place_handles(place: Place) -> Iterator[None]:
    """Pickle handles, while this lasts, without their data: with what `place` returns."""
    before = _place.set(place)
    try:
        yield
    finally:
        _place.reset(before)
