"""A table of data as numbers: some of its rows, and its targets."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import numpy as np

from ..errors import TaskError
from ..typing import Array, Mask
from ..validation import show, to_number

_N_ROWS = 5_000  # rows that are looked at, spread evenly
_MOST_CLASSES = 50  # whole numbers are classes up to so many
_MISSING = ("nan", "nat", "<na>")  # what missing values become as texts
_EPOCH = datetime.datetime(1970, 1, 1)
_NONE = datetime.timedelta()


class Columns(NamedTuple):
    """Some rows of a table as numbers.

    Attributes:
        X: (n, d) numbers; categories as their index, NaN where a value is missing.
        is_category: (d,) whether a column holds categories.
        y: (n,) targets: the index of a class, or a number.
        classes: Number of classes; 0 for a numeric target.
        n_all: Number of rows of the whole table.
    """

    X: Array
    is_category: Mask
    y: Array
    classes: int
    n_all: int


def read_columns(X: Any, y: Any) -> Columns:
    """Return some rows of a table as numbers; see `context.describe`."""
    if hasattr(X, "tocsr"):
        raise TaskError("a sparse table is not read: give a dense one, or the numbers of a context")
    n = _count(X)
    if not n or _count(y) != n:
        raise TaskError(f"a table has rows, and y a target for each, got {show(X)} and {show(y)}")
    targets, classes = _read_targets(_to_array(y))
    rows = np.unique(np.linspace(0, n - 1, min(n, _N_ROWS)).astype(np.int64))
    parts = _split_columns(X, rows)
    if not parts:
        raise TaskError("a table has columns, got none")
    read = [_read_column(part) for part in parts]
    return Columns(
        X=np.stack([x for x, _ in read], axis=1),
        is_category=np.array([is_category for _, is_category in read]),
        y=targets[rows],
        classes=classes,
        n_all=n,
    )


def _count(rows: Any) -> int:
    try:
        return len(rows)
    except TypeError:  # a number, or an array without dimensions
        return 0


def _to_array(rows: Any) -> Any:
    """Return rows as an array, in which numbers beside texts stay numbers.

    Raises:
        TaskError: They are of several lengths.
    """
    try:
        found = np.asarray(rows)
        is_text = found.dtype.kind in "US"
        return np.asarray(rows, dtype=object) if is_text and found is not rows else found
    except ValueError:
        raise TaskError(f"rows of a table have one length, got {show(rows)}") from None


def _split_columns(X: Any, rows: Any) -> list[Any]:
    if hasattr(X, "to_frame"):
        X = X.to_frame()
    if hasattr(X, "iloc"):
        return [X.iloc[rows, j].to_numpy() for j in range(X.shape[1])]
    table = _to_array(X)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise TaskError(f"a table has rows and columns, got an array of shape {table.shape}")
    return list(table[rows].T)


def _read_column(x: Any) -> tuple[Array, bool]:
    """Return a column as numbers (n,), and whether they stand for categories."""
    if x.dtype.kind == "b":
        return x.astype(np.float64), True
    numbers = _read_numbers(x)
    if numbers is not None:
        return np.where(np.isfinite(numbers), numbers, np.nan), False
    known = ~_find_missing(x)
    out = np.full(len(x), np.nan)
    _, out[known] = np.unique([str(v) for v in x[known].tolist()], return_inverse=True)
    return out, True


def _read_numbers(x: Any) -> Array | None:
    """Return a column of numbers, or of dates and durations in seconds, as numbers (n,).

    None where a value is neither.

    Raises:
        TaskError: They are complex numbers.
    """
    kind = x.dtype.kind
    if kind == "c":
        raise TaskError("complex numbers have no order: give their real and imaginary parts")
    if kind in "fiu":
        return np.asarray(x, dtype=np.float64)
    if kind in "mM":
        whole = x.astype(f"{kind}8[us]")
        return np.where(np.isnat(whole), np.nan, whole.astype(np.int64) / 1e6)
    known = ~_find_missing(x)
    found = [_to_seconds(v) for v in x[known].tolist()]
    if any(value is None for value in found):
        return None
    out = np.full(len(x), np.nan)
    out[known] = np.array(found, dtype=np.float64)
    return out


def _to_seconds(value: Any) -> float | None:
    """Return a number as it is, and a date or a duration in seconds; None for anything else."""
    if isinstance(value, complex):
        raise TaskError("complex numbers have no order: give their real and imaginary parts")
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.datetime):
        return (value.replace(tzinfo=None) - _EPOCH - (value.utcoffset() or _NONE)).total_seconds()
    if isinstance(value, datetime.date):
        return (value - _EPOCH.date()).total_seconds()
    return None if isinstance(value, bool) else to_number(value)


def _find_missing(x: Any) -> Mask:
    """Return (n,) which values are None, not equal to themselves, or the text of such a value."""
    return np.array([_is_missing(value) for value in x.tolist()], dtype=np.bool_)


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value is None or value.strip().lower() in _MISSING
    try:
        return bool(value != value)
    except TypeError:  # the NA of pandas is neither equal to itself nor different
        return True
    except ValueError:
        raise TaskError(f"a cell of a table has one value, got {show(value)}") from None


def _read_targets(y: Any) -> tuple[Array, int]:
    """Return targets as numbers (n,), and the number of classes, 0 for a numeric target.

    Raises:
        TaskError: One is missing, or all are the same.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise TaskError(f"there is one target for each row, got an array of shape {y.shape}")
    numbers = None if y.dtype.kind == "b" else _read_numbers(y)
    if numbers is None:
        if (missing := _find_missing(y)).any():
            raise TaskError(
                f"no target may be missing, got {show(y[missing].tolist()[0])}; a class of that "
                "name needs another one"
            )
        names, index = np.unique([str(value) for value in y.tolist()], return_inverse=True)
    else:
        if not np.isfinite(numbers).all():
            raise TaskError("targets are finite numbers, or classes, and none may be missing")
        names, index = np.unique(numbers, return_inverse=True)
    if len(names) == 1:
        raise TaskError(f"all targets are {show(names[0].item())}: there is nothing to learn")
    is_few = len(names) <= min(_MOST_CLASSES, len(y) / 2)
    if numbers is not None and not (is_few and (numbers == np.round(numbers)).all()):
        return numbers, 0
    return index.astype(np.float64), len(names)
