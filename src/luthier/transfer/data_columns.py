"""A table of data as numbers: some of its rows, and its targets."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import TaskError
from ..typing import Array, Mask
from ..validation import show, to_number

_N_ROWS = 5_000  # rows that are looked at, spread evenly
_MOST_CLASSES = 50  # whole numbers are classes up to so many


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
    n = len(X) if hasattr(X, "__len__") else 0
    if not n or not hasattr(y, "__len__") or len(y) != n:
        raise TaskError(f"a table has rows, and y a target for each, got {show(X)} and {show(y)}")
    targets, classes = _read_targets(np.asarray(y))
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


def _split_columns(X: Any, rows: Any) -> list[Any]:
    if hasattr(X, "iloc"):
        return [X.iloc[rows, j].to_numpy() for j in range(X.shape[1])]
    table = np.asarray(X)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise TaskError(f"a table has rows and columns, got an array of shape {table.shape}")
    return list(table[rows].T)


def _read_column(x: Any) -> tuple[Array, bool]:
    """Return a column as numbers (n,), and whether they stand for categories."""
    if x.dtype.kind in "fiu":
        numbers = x.astype(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan), False
    if x.dtype.kind == "b":
        return x.astype(np.float64), True
    missing = np.array([value is None or value != value for value in x.tolist()])
    found = [None if isinstance(v, bool) else to_number(v) for v in x[~missing].tolist()]
    out = np.full(len(x), np.nan)
    if all(value is not None for value in found):
        out[~missing] = np.array(found, dtype=np.float64)
        return np.where(np.isfinite(out), out, np.nan), False
    _, out[~missing] = np.unique([str(v) for v in x[~missing].tolist()], return_inverse=True)
    return out, True


def _read_targets(y: Any) -> tuple[Array, int]:
    """Return targets as numbers (n,), and the number of classes, 0 for a numeric target.

    Raises:
        TaskError: One is missing, or all are the same.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise TaskError(f"there is one target for each row, got an array of shape {y.shape}")
    if y.dtype.kind not in "fiu":
        values = y.tolist()
        if any(value is None or value != value for value in values):
            raise TaskError("no target may be missing")
        y = np.array([str(value) for value in values])
        is_class = True
    else:
        y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise TaskError("targets are finite numbers, or classes")
        is_class = bool((y == np.round(y)).all())
    names, index = np.unique(y, return_inverse=True)
    if len(names) == 1:
        raise TaskError(f"all targets are {show(names[0].item())}: there is nothing to learn")
    is_number = y.dtype.kind == "f"
    if is_number and not (is_class and len(names) <= min(_MOST_CLASSES, len(y) / 2)):
        return y, 0
    return index.astype(np.float64), len(names)
