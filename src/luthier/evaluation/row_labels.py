"""Labels of rows as numbers: classes that folds are to share, groups that they must not split."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SplitError
from ..typing import Index, Mask
from ..validation import show


def number_labels(name: str, labels: Any, n: int) -> Index:
    """Return labels (n,) as whole numbers from 0 on, by their sorted order.

    Args:
        name: Of the argument, for messages.
        labels: (n,) of numbers or text.
        n: Number of rows.

    Raises:
        SplitError: They are not n labels, or some are missing.
    """
    found = np.asarray(labels)
    if found.shape != (n,):
        raise SplitError(
            f"{name} must hold one label for each of the {n} rows, got shape {found.shape}"
        )
    missing = _find_missing(found)
    if missing.any():
        raise SplitError(
            f"{name} must be known for all rows, and is missing in row {np.flatnonzero(missing)[0]}"
        )
    try:
        return np.unique(found, return_inverse=True)[1].reshape(n).astype(np.int64)
    except TypeError:  # of several types: their order is that of their first rows
        numbers: dict[Any, int] = {}
        try:
            return np.array([numbers.setdefault(label, len(numbers)) for label in found.tolist()])
        except TypeError:
            raise SplitError(
                f"{name} must hold numbers or text, got {show(found.tolist()[0])}"
            ) from None


def _find_missing(labels: NDArray[Any]) -> Mask:
    if labels.dtype.kind in "fcmM":
        return np.asarray(labels != labels)
    if labels.dtype.kind != "O":
        return np.zeros(len(labels), dtype=bool)
    return np.array([_is_missing(label) for label in labels], dtype=bool)


def _is_missing(label: Any) -> bool:
    if label is None or type(label).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(label, float) and label != label


def find_equal_rows(X: Any) -> Index:
    """Return groups (n,) of rows that are equal in all columns, so that no fold splits them.

    A row that is in the train part and in the test part makes a model look better than it is. Pass
    the result as `groups` where data holds copies. Two missing numbers are equal.

    Args:
        X: (n, ...) array, or table.
    """
    found = np.asarray(X)
    n = len(found)
    rows = found.reshape(n, -1)
    if rows.dtype == object:
        text = [[repr(value) for value in row] for row in rows.tolist()]
        rows = np.array(text, dtype=np.str_).reshape(n, -1)
    if not rows.size:
        return np.zeros(n, dtype=np.int64)
    if rows.dtype.kind in "fc":
        rows = np.where(np.isnan(rows), np.nan, rows + 0.0)  # one kind of NaN, and of zero
    rows = np.ascontiguousarray(rows)  # whole rows are compared as bits
    bits = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    return np.unique(bits, return_inverse=True)[1].reshape(n).astype(np.int64)
