"""Columns that grow, and read-only views of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def grow(column: NDArray[Any], size: int) -> NDArray[Any]:
    """Return a longer copy of a column (n, ...), filled up with NaN, 0 or True by its type."""
    fill = np.nan if column.dtype.kind == "f" else 1 if column.dtype.kind == "b" else 0
    longer = np.full((size, *column.shape[1:]), fill, dtype=column.dtype)
    longer[: len(column)] = column
    return longer


class Columns(dict[str, NDArray[Any]]):
    """Named columns of one length, with room for more rows; item access gives all of the room.

    Args:
        columns: Name to column (size, ...); `grow` says what new rows are filled with.

    Attributes:
        size: Number of rows for which there is room.
    """

    def __init__(self, columns: dict[str, NDArray[Any]]) -> None:
        super().__init__(columns)
        self.size = len(next(iter(columns.values())))
        self._views: dict[str, NDArray[Any]] = {}

    def make_room(self, n: int) -> None:
        """Grow all columns where they have room for fewer than n rows."""
        if n > self.size:
            self.size = max(2 * self.size, n)
            for name, column in self.items():
                self[name] = grow(column, self.size)

    def view(self, name: str, n: int) -> NDArray[Any]:
        """Return the first n rows of a column, read-only.

        The view is made once, and again when the column or n has grown.
        """
        column = self[name]
        view = self._views.get(name)
        if view is None or view.base is not column or len(view) != n:
            view = column[:n]
            view.flags.writeable = False
            self._views[name] = view
        return view

    def copy(self) -> Columns:
        """Return columns of their own with the same values."""
        return Columns({name: column.copy() for name, column in self.items()})
