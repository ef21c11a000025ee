"""Tables as they come: arrays, data frames, lists of rows; checked, with names of columns."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning

from ..errors import EstimatorError, find_closest
from ..validation import show


def read_table(X: Any) -> tuple[Any, list[str]]:
    """Return a table as an array (n, d) or a data frame of pandas, and the names of its columns.

    Args:
        X: Array, data frame of pandas or of a library that turns into one, or list of rows.

    Raises:
        EstimatorError: Two columns have one name, rows have several lengths, or it is sparse.
    """
    if hasattr(X, "to_pandas") and not hasattr(X, "iloc"):
        X = X.to_pandas()
    if hasattr(X, "iloc"):
        if X.ndim != 2:
            raise EstimatorError(
                f"expected a table of rows and columns, got one column of {len(X)} values; pass "
                "frame[[name]]. Reshape your data"
            )
        names = [str(name) for name in X.columns]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise EstimatorError(f"two columns are called {twice[0]!r}; rename one of them")
        return X, names
    if hasattr(X, "toarray"):
        raise EstimatorError(
            "expected a table, got a sparse matrix: sparse data is not supported; pass X.toarray() "
            "where that fits into memory"
        )
    if not hasattr(X, "shape") and not hasattr(X, "__array__"):
        X = _read_rows(X)
    X = np.asarray(X)
    if X.ndim != 2:
        raise EstimatorError(
            f"expected rows and columns (n, d), got an array of shape {X.shape}. Reshape your data "
            "by X.reshape(-1, 1) if it is one column"
        )
    if X.dtype.kind == "c":
        raise EstimatorError("Complex data not supported: pass real and imaginary parts")
    return X, [f"x{j}" for j in range(X.shape[1])]


def _read_rows(rows: Any) -> Any:
    """Return a list of rows as an array, of numbers where all are.

    Raises:
        EstimatorError: They have several lengths.
    """
    rows = list(rows)
    lengths = {len(row) if isinstance(row, list | tuple | np.ndarray) else -1 for row in rows}
    if len(lengths) > 1:
        raise EstimatorError(
            f"expected rows of one length, got rows of {sorted(lengths)[:5]} values"
        )
    if -1 in lengths:
        return np.asarray(rows)
    table = np.empty((len(rows), max(lengths, default=0)), dtype=object)
    for i, row in enumerate(rows):
        table[i] = row
    try:
        return table.astype(np.float64) if not _has_text(table) else table
    except (TypeError, ValueError):
        return table


def _has_text(table: Any) -> bool:
    return any(isinstance(value, str) for value in table[:100].ravel().tolist())


def match_columns(X: Any, names: list[str], known: list[str]) -> Any:
    """Return a table with its columns in the order in which a model knows them.

    Args:
        X: Array or data frame.
        names: Its columns.
        known: Those that the model was trained on.

    Raises:
        EstimatorError: A column is missing.
    """
    if not hasattr(X, "iloc") or names == known:
        return X
    missing = [name for name in known if name not in names]
    if missing:
        closest = find_closest(missing[0], names)
        hint = f"; is it {closest!r} there?" if closest else ""
        raise EstimatorError(f"the table has no column {missing[0]!r}, which the model needs{hint}")
    return X.iloc[:, [names.index(name) for name in known]]


def read_targets(y: Any, n: int, task: str) -> Any:
    """Return targets (n,) as an array.

    Raises:
        EstimatorError: They are not one known value for each row, or all the same.
    """
    if y is None:
        raise EstimatorError("requires y to be passed, but the target y is None")
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected; pass y.ravel()",
            DataConversionWarning,
            stacklevel=4,
        )
    if values.shape != (n,):
        raise EstimatorError(
            f"y must hold one target for each of the {n} rows, got shape {values.shape}"
        )
    missing = _find_unknown(values)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise EstimatorError(
            f"the target y must be known for all rows, and is {values[row]} in row {row}, "
            f"and in {int(missing.sum())} of {n} rows in all (NaN, infinity or nothing); leave "
            "these rows out"
        )
    if task == "regress":
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            raise EstimatorError(
                f"AutoRegressor predicts numbers, and y holds {show(values[0])}; use AutoClassifier"
            ) from None
    if n > 1 and bool((values == values[0]).all()):
        what = "class" if task == "classify" else "value"
        raise EstimatorError(
            f"the target y has one {what} only, {show(values[:1].tolist()[0])}, in all {n} rows, "
            "so there is nothing to learn; look at how it was made"
        )
    return values


def _find_unknown(values: Any) -> Any:
    if values.dtype.kind == "f":
        return ~np.isfinite(values)
    if values.dtype.kind == "M":
        return np.isnat(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), dtype=bool)
    return np.array(
        [v is None or type(v).__name__ == "NAType" or v != v for v in values.tolist()], dtype=bool
    )
