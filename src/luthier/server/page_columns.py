"""Columns of trials as bytes, which a page reads without parsing anything.

First 16 bytes: the letters "LUTC", the version of this form, the number of rows and that of
columns, each 4 bytes. Then one byte for the type of each column, then the columns one after
another. Each part is filled up to a multiple of 8 bytes. All numbers are little-endian.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..history.history import History
from ..space.distributions import Categorical
from ..typing import Array
from .request import RequestError

MAGIC = b"LUTC"
VERSION = 1
TYPES = ("<f4", "<f8", "<i4", "i1")
"""The types of columns, by the byte that stands for them."""

_HEAD = struct.Struct("<4sIII")
_ALIGN = 8
_LEAST_SPREAD = 1e-3  # of the largest number: numbers that are closer need 8 bytes
_MAX_WHOLE = 2**24  # whole numbers above are not exact in 4 bytes
_MAX_COLUMNS = 1000


def pack_columns(columns: Sequence[NDArray[Any]]) -> bytes:
    """Pack columns (n,) of one length; numbers take 8 bytes only where 4 would blur them."""
    typed = [_narrow(column) for column in columns]
    kinds = bytes(TYPES.index(column.dtype.str.replace("|", "")) for column in typed)
    n = len(typed[0]) if typed else 0
    parts = [_HEAD.pack(MAGIC, VERSION, n, len(typed)), kinds, *(c.tobytes() for c in typed)]
    return b"".join(part + bytes(-len(part) % _ALIGN) for part in parts)


def _narrow(column: NDArray[Any]) -> NDArray[Any]:
    """A column in the smallest of the types that shows it truly."""
    if column.dtype == bool or column.dtype == np.int8:
        return column.astype("i1")
    if column.dtype.kind == "i":
        fits = not len(column) or np.abs(column).max() < 2**31
        return column.astype("<i4" if fits else "<f8")
    return column.astype("<f8" if _needs_8_bytes(column) else "<f4")


def _needs_8_bytes(column: Array) -> bool:
    """Whether 4 bytes a number would lose what tells the numbers apart."""
    finite = column[np.isfinite(column)]
    if not len(finite):
        return False
    low, high = float(finite.min()), float(finite.max())
    largest = max(abs(low), abs(high))
    limits = np.finfo(np.float32)
    is_tiny = (finite != 0) & (np.abs(finite) < float(limits.tiny))
    if largest > float(limits.max) or is_tiny.any():
        return True
    if largest > _MAX_WHOLE and np.array_equal(finite, np.floor(finite)):
        return True
    return low < high and high / 2 - low / 2 < _LEAST_SPREAD * largest / 2


def read_column(history: History, name: str, created_s: float) -> NDArray[Any]:
    """A column (n,) by the name that the page has for it.

    Args:
        history: The trials.
        name: "number", "state"; "feasible"; "eligible", whether a trial can be the
            best; "started" and "finished", in seconds since the study
            was created; "duration" in seconds; "cost"; "value.0" and "param.0" by index: numbers,
            or the index of a choice.
        created_s: When the study was created, in seconds since 1970.

    Raises:
        RequestError: There is no such column.
    """
    kind, _, index = name.partition(".")
    if index.isdecimal() and len(index) < 6:
        j = int(index)
        if kind == "value" and j < history.values.shape[1]:
            return history.values[:, j]
        if kind == "param" and j < history.space.d:
            return _param_column(history, j)
    match name:
        case "number":
            return history.number
        case "state":
            return history.state
        case "feasible":
            return history.feasible
        case "eligible":
            return history.eligible
        case "started":
            return history.started_s - created_s
        case "finished":
            return history.finished_s - created_s
        case "duration":
            return history.duration_s
        case "cost":
            return history.cost
    raise RequestError(
        422,
        "Invalid",
        f"there is no column {name!r:.100}; expected number, state, feasible, eligible, started, "
        "finished, duration, cost, value.INDEX or param.INDEX",
    )


def _param_column(history: History, j: int) -> NDArray[Any]:
    """The values (n,) of a parameter; choices as codes, -1 where absent."""
    dist = history.space.dists[j]
    raw = np.asarray(dist.from_unit(history.X[:, j]), dtype=np.float64)
    if isinstance(dist, Categorical):
        code = np.where(np.isnan(raw), -1, raw)
        return code.astype(np.int8 if len(dist.choices) < 128 else np.int32)
    return raw


def split_names(names: str) -> list[str]:
    """The names of columns in a query, each once.

    Raises:
        RequestError: There is none, or too many.
    """
    found = list(dict.fromkeys(filter(None, names.split(","))))
    if not 0 < len(found) <= _MAX_COLUMNS:
        raise RequestError(
            422, "Invalid", f"expected 1 to {_MAX_COLUMNS} names of columns, got {len(found)}"
        )
    return found


def order_rows(column: NDArray[Any], descending: bool) -> NDArray[np.int64]:
    """The numbers (n,) of trials by a column; those without a value last, equals by number."""
    values = column.astype(np.float64)
    return np.argsort(-values if descending else values, kind="stable")


def find_rows(
    order: NDArray[np.int64],
    states: NDArray[Any],
    wanted: Sequence[int],
    column: NDArray[Any] | None = None,
    low: float = -math.inf,
    high: float = math.inf,
) -> NDArray[np.int64]:
    """Those rows of an order that are in some states, and whose column is in a range.

    Args:
        order: (n,) numbers of trials.
        states: (n,) their states, by number.
        wanted: The states; none for all.
        column: (n,) by number; None for no range.
        low: The smallest value.
        high: The largest.
    """
    use = np.isin(states, wanted) if wanted else np.ones(len(states), dtype=bool)
    if column is not None:
        use &= (column >= low) & (column <= high)
    return np.asarray(order[use[order]])
