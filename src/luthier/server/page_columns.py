"""Columns of trials as bytes, which a page reads without parsing anything.

First 16 bytes: the letters "LUTC", the version of this form, the number of rows and that of
columns, each 4 bytes. Then one byte for the type of each column, then the columns one after
another. Each part is filled up to a multiple of 8 bytes. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from ..history.history import History
from ..space.distributions import Categorical
from ..storages.controls import Controls
from ..trial.record import TrialRow
from ..typing import Array, Mask
from ..validation import is_number
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

RowsOf = Callable[[list[int]], list[TrialRow]]
"""Reads the rows of trials with some numbers."""


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


def read_column(
    history: History, name: str, created_s: float, rows_of: RowsOf | None = None
) -> NDArray[Any]:
    """A column (n,) by the name that the page has for it.

    Args:
        history: The trials.
        name: "number", "state"; "feasible"; "eligible", whether a trial can be the
            best; "started" and "finished", in seconds since the study
            was created; "duration" in seconds; "cost"; "last_step"; "value.0", "constraint.0" and
            "param.0" by index: numbers, or the index of a choice; "worker" and "tag.NAME", for
            which all rows are read: numbers, or where there is text the place in its order.
        created_s: When the study was created, in seconds since 1970.
        rows_of: Reads rows; None where no attribute is asked for.

    Raises:
        RequestError: There is no such column.
    """
    kind, _, index = name.partition(".")
    if kind in _INDEXED and index.isdecimal() and len(index) < 6:
        found = _INDEXED[kind](history, int(index))
        if found is not None:
            return found
    if name in _PLAIN:
        return _PLAIN[name](history)
    if name in _SINCE:
        return _SINCE[name](history) - created_s
    if needs_rows(name) and rows_of is not None:
        return _attribute_column(history, name, rows_of)
    expected = ", ".join([*_PLAIN, *_SINCE, "worker", "tag.NAME"])
    raise RequestError(
        422,
        "Invalid",
        f"there is no column {name!r:.100}; expected {expected}, or value., constraint. or param. "
        "with an index",
    )


_PLAIN: dict[str, Callable[[History], NDArray[Any]]] = {
    "number": lambda history: history.number,
    "state": lambda history: history.state,
    "feasible": lambda history: history.feasible,
    "eligible": lambda history: history.eligible,
    "duration": lambda history: history.duration_s,
    "cost": lambda history: history.cost,
    "last_step": lambda history: history.last_step,
}
_SINCE: dict[str, Callable[[History], Array]] = {
    "started": lambda history: history.started_s,
    "finished": lambda history: history.finished_s,
}


def needs_rows(name: str) -> bool:
    """Whether rows are read for a column, which takes long in a large study."""
    return name == "worker" or name.startswith("tag.")


def mark_column(history: History, controls: Controls, name: str) -> Mask:
    """Which trials (n,) somebody marked: "star" or "hidden"."""
    column = np.zeros(history.n, dtype=bool)
    for number, said in controls.remarks.items():
        if int(number) < history.n:
            column[int(number)] = getattr(said, name)
    return column


def _attribute_column(history: History, name: str, rows_of: RowsOf) -> Array:
    """What trials noted (n,), NaN where nothing; of text the place in the order of all text."""
    noted: dict[int, Any] = {}
    for row in rows_of(list(range(history.n))):
        if name == "worker":
            noted[row.number] = row.worker.partition("#")[0] or None
        else:
            noted[row.number] = row.tags.get(unquote(name.removeprefix("tag.")))
    known = {i: value for i, value in noted.items() if value is not None}
    if not all(is_number(value) for value in known.values()):
        texts = {i: str(value) for i, value in known.items()}
        place = {text: k for k, text in enumerate(sorted(set(texts.values())))}
        known = {i: place[text] for i, text in texts.items()}
    column = np.full(history.n, np.nan)
    column[list(known)] = list(known.values())
    return column


def _value_column(history: History, j: int) -> NDArray[Any] | None:
    return history.values[:, j] if j < history.values.shape[1] else None


def _constraint_column(history: History, j: int) -> NDArray[Any] | None:
    return history.constraints[:, j] if j < len(history.constraint_names) else None


def _param_column(history: History, j: int) -> NDArray[Any] | None:
    """The values (n,) of a parameter; choices as codes, -1 where absent."""
    if j >= history.space.d:
        return None
    dist = history.space.dists[j]
    raw = np.asarray(dist.from_unit(history.X[:, j]), dtype=np.float64)
    if isinstance(dist, Categorical):
        code = np.where(np.isnan(raw), -1, raw)
        return code.astype(np.int8 if len(dist.choices) < 128 else np.int32)
    return raw


_INDEXED = {"value": _value_column, "constraint": _constraint_column, "param": _param_column}


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


def find_objective(history: History, j: int) -> str:
    """The name of an objective.

    Raises:
        RequestError: There is none of this index.
    """
    if j >= len(history.objectives):
        raise RequestError(422, "Invalid", f"there are {len(history.objectives)} objectives")
    return history.objectives[j]
