"""Columns of a table: what each holds, by its values, and what is done with it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import EstimatorError
from ..typing import Mask
from ..validation import show
from ..wording import agree, count_of

Kind = Literal["number", "category", "many", "date", "text", "dropped"]

_MOST_LEVELS = 20  # of a category that gets a column for each level
_MOST_LOOKED_AT = 5_000  # rows whose values tell what a column holds
_N_WORDS = 3.0  # words in a value, on average, from which on it is text
_LEAST_SHARE = 0.99  # of values that are of a kind
_LEAST_ROWS = 30  # from which on different values in every row say that a column is a name


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table.

    Attributes:
        position: Where it stands.
        name: Its name.
        kind: What it holds: numbers; a "category" of few levels or one of "many"; dates; text; or
            nothing that helps, so that it is dropped.
        n_levels: Number of different values of those that were looked at.
        missing: Share of values that are missing.
        reason: Why it is dropped; "" where it is not.
    """

    position: int
    name: str
    kind: Kind
    n_levels: int
    missing: float
    reason: str = ""


def find_columns(X: Any, names: Sequence[str]) -> tuple[Column, ...]:
    """Find what the columns of a table hold.

    Args:
        X: (n, d) array, or table with `iloc`.
        names: (d,) names of the columns.

    Raises:
        EstimatorError: A column holds lists or other things that are no values of a table, or no
            column tells rows apart.
    """
    found = tuple(_find_column(X, j, name) for j, name in enumerate(names))
    if all(column.kind == "dropped" for column in found):
        reasons = "; ".join(f"{c.name}: {c.reason}" for c in found[:5])
        raise EstimatorError(
            f"no column of X tells rows apart, so there is nothing to learn from: {reasons}"
        )
    return found


def describe_columns(columns: Iterable[Column]) -> list[str]:
    """Return what people should know of the columns, in sentences."""
    columns = list(columns)
    dropped = [f"{c.name!r} ({c.reason})" for c in columns if c.kind == "dropped"]
    remarks = []
    if dropped:
        more = f" and {len(dropped) - 5:,} more" if len(dropped) > 5 else ""
        remarks.append(
            f"{count_of(len(dropped), 'column')} {agree(len(dropped), 'is', 'are')} left out: "
            f"{', '.join(dropped[:5])}{more}"
        )
    remarks += [
        f"column {c.name!r} has {c.n_levels:,} categories or more, so that little can be learned "
        "of each; leave it out if it is a name or a number of the row"
        for c in columns
        if c.kind == "many" and c.n_levels >= _MOST_LOOKED_AT / 5
    ]
    return remarks


def find_infinite(X: Any, columns: Iterable[Column]) -> list[str]:
    """Return in a sentence which columns of numbers hold infinite values, which count as missing.

    Args:
        X: (n, d) table.
        columns: Those of the table.
    """
    held = []
    for column in columns:
        values = take_column(X, column.position) if column.kind == "number" else np.empty(0)
        if values.dtype.kind == "f" and (n := int(np.isinf(values).sum())):
            held.append(f"{n:,} in {column.name!r}")
    if not held:
        return []
    more = f" and {len(held) - 5:,} more columns" if len(held) > 5 else ""
    return [f"infinite values count as missing: {', '.join(held[:5])}{more}"]


def take_column(X: Any, position: int) -> NDArray[Any]:
    """Return one column (n,) of an array or a table."""
    column = X.iloc[:, position] if hasattr(X, "iloc") else X[:, position]
    return np.asarray(column)


def _find_column(X: Any, position: int, name: str) -> Column:
    values = take_column(X, position)
    if values.dtype.kind in "biuf":
        kind, n_levels, missing = _look_at_numbers(values)
    elif values.dtype.kind == "M":
        known = ~np.isnat(values)
        kind, n_levels, missing = "date", len(np.unique(values[known])), 1 - known.mean()
    else:
        kind, n_levels, missing = _look_at_objects(values.astype(object), name)
    reason = ""
    if missing == 1:
        reason = "all values are missing"
    elif n_levels < 2 and not missing:
        reason = "all values are the same"
    elif kind == "name":
        reason = "every row has a value of its own, as a name or a number of a row has"
    return Column(
        position=position,
        name=name,
        kind="dropped" if reason else kind,  # type: ignore[arg-type]
        n_levels=n_levels,
        missing=float(missing),
        reason=reason,
    )


def _look_at_numbers(values: NDArray[Any]) -> tuple[str, int, float]:
    if values.dtype.kind != "f":
        return "number", _count_levels(values), 0.0
    known = values[np.isfinite(values)]
    return "number", _count_levels(known), 1 - len(known) / max(len(values), 1)


def _count_levels(values: NDArray[Any]) -> int:
    few = len(np.unique(values[:_MOST_LOOKED_AT]))
    return few if few > 1 else len(np.unique(values))


def _look_at_objects(values: NDArray[Any], name: str) -> tuple[str, int, float]:
    """Return the kind, the number of levels and the share that is missing, of values of any type.

    Raises:
        EstimatorError: Some are lists, dicts or arrays.
    """
    known = values[~find_missing(values)]
    share = 1 - len(known) / max(len(values), 1)
    for value in known.tolist():
        if isinstance(value, list | tuple | dict | set | np.ndarray):
            raise EstimatorError(
                f"column {name!r} holds a {type(value).__name__}, {show(value, 60)}; expected "
                "numbers, text or dates: make a column of each of its parts, or leave it out"
            )
    looked_at = known[:_MOST_LOOKED_AT].tolist()
    words = [str(value) for value in looked_at]
    n_levels = len(set(words)) if len(set(words)) > 1 else len({str(v) for v in known.tolist()})
    if not looked_at:
        return "category", 0, share
    if np.mean([_is_number(value) for value in looked_at]) >= _LEAST_SHARE:
        return "number", n_levels, share
    if np.mean([_is_date(value) for value in looked_at]) >= _LEAST_SHARE:
        return "date", n_levels, share
    is_unique = len(set(words)) >= 0.95 * len(words) and len(words) >= _LEAST_ROWS
    n_words = float(np.mean([len(word.split()) for word in words]))
    if n_words >= _N_WORDS and n_levels > _MOST_LEVELS:
        return "text", n_levels, share
    if is_unique and len({str(v) for v in known.tolist()}) >= 0.95 * len(known):
        return "name", n_levels, share
    return ("category" if n_levels <= _MOST_LEVELS else "many"), n_levels, share


def find_missing(values: NDArray[Any]) -> Mask:
    """Return which values (n,) of any type are missing: None, NaN, NaT, or empty text."""
    return np.array([_is_missing(value) for value in values.tolist()], dtype=bool)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float) and value != value


def _is_number(value: Any) -> bool:
    if isinstance(value, datetime.date | np.datetime64):
        return False
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_date(value: Any) -> bool:
    if isinstance(value, datetime.date | np.datetime64):
        return True
    if not isinstance(value, str) or len(value) < 8 or not value[:4].isdigit():
        return False
    try:
        return not np.isnat(np.datetime64(value.strip(), "s"))
    except ValueError:
        return False
