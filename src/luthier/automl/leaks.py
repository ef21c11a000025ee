"""Signs that a score would be too good: the target among the columns, copies, order of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..evaluation.row_labels import find_equal_rows
from ..typing import Index
from ..wording import count_of
from .columns import Column, take_column
from .steps import to_date_parts, to_words

_MOST_COPIES = 0.2  # of the rows; with more, equal rows are the nature of the data
_LEAST_ROWS = 20
_MOST_COMPARED = 20_000  # rows
_SAME = 1 - 1e-9  # correlation from which on two columns of numbers are the same


def find_target_copies(X: Any, y: Any, columns: Sequence[Column], is_class: bool) -> list[str]:
    """Return a sentence for each column that gives the target away.

    Of classes, that is a column with one value for each class. Of numbers, it is one that follows
    the target along a straight line.

    Args:
        X: (n, d) table.
        y: (n,) targets; classes as numbers from 0 on.
        columns: Those of the table.
        is_class: Whether targets are classes.
    """
    n = min(len(y), _MOST_COMPARED)
    if n < _LEAST_ROWS:
        return []
    found = []
    for column in columns:
        if column.kind not in ("number", "category", "many"):
            continue
        values = take_column(X, column.position)[:n]
        same = _is_class(values, y[:n], column) if is_class else _is_line(values, y[:n])
        if same:
            found.append(
                f"column {column.name!r} is the target in other words: each of its values goes "
                "with one value of y; leave it out, unless it is known when predictions are made"
            )
    return found


def _is_class(values: Any, y: Any, column: Column) -> bool:
    n_classes = len(np.unique(y))
    if column.n_levels != n_classes:
        return False
    words = to_words(values[:, None])[:, 0]
    pairs = {(word, label) for word, label in zip(words.tolist(), y.tolist(), strict=True)}
    return len(pairs) == n_classes


def _is_line(values: Any, y: Any) -> bool:
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return False
    numbers = values.astype(np.float64)
    if np.ptp(numbers) == 0 or np.ptp(y) == 0 or len(np.unique(y)) < 3:
        return False
    return bool(abs(np.corrcoef(numbers, y)[0, 1]) > _SAME)


def group_copies(X: Any) -> tuple[Index | None, list[str]]:
    """Return groups (n,) that keep equal rows together, where there are a few, and what to say.

    Args:
        X: (n, d) table.
    """
    n = len(X)
    if n > _MOST_COMPARED:
        return None, []
    groups = find_equal_rows(X)
    n_copies = n - len(np.unique(groups))
    if not n_copies:
        return None, []
    if n_copies > _MOST_COPIES * n:
        return None, [
            f"{n_copies:,} of {n:,} rows are copies of others, in all columns but the target: such "
            "data repeats itself, so they are split like other rows"
        ]
    return groups, [
        f"{count_of(n_copies, 'row')} of {n:,} {'is a copy' if n_copies == 1 else 'are copies'} of "
        "others: copies are kept on one side of each split"
    ]


def find_order(X: Any, columns: Sequence[Column]) -> list[str]:
    """Return a sentence where the rows stand in order of a date, which splits do not heed."""
    found = []
    for column in columns:
        if column.kind != "date":
            continue
        days = to_date_parts(take_column(X, column.position)[:, None])[:, 0]
        known = days[np.isfinite(days)]
        if len(known) >= _LEAST_ROWS and (np.diff(known) >= 0).all() and np.ptp(known) > 0:
            found.append(
                f"rows stand in order of {column.name!r}: if the future is to be predicted, pass "
                f"time=X[{column.name!r}] to fit, so that it is tested on what came later"
            )
    return found
