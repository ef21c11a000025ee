"""Functions from raw columns to plain ones, row by row: what scikit-learn has no transformer for.

Each needs numpy alone and nothing else of this package, because `export` writes its source into the
program that it makes. A block holds some columns of a table: (n, k) of any library.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def to_numbers(block: Any) -> Any:
    """Return a block (n, k) as float64; what is no number, or infinite, is missing (NaN)."""

    def read(value: Any) -> float:
        try:
            return float(value)
        except (TypeError, ValueError):
            return np.nan

    values = np.asarray(block)
    if values.dtype.kind not in "biuf":
        values = np.array([[read(value) for value in row] for row in values.tolist()])
        values = values.reshape(np.shape(block))
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def to_words(block: Any) -> Any:
    """Return a block (n, k) as text; what is missing is the word "(missing)"."""

    def read(value: Any) -> str:
        if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
            return "(missing)"
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    values = np.asarray(block, dtype=object)
    words = np.empty(values.shape, dtype=object)
    words[...] = [[read(value) for value in row] for row in values.tolist()]
    return words


def to_date_parts(block: Any) -> Any:
    """Return dates (n, k) as six numbers each: days, year, month, day, weekday and hour (n, 6 k).

    Days count from 1970. What is no date is missing (NaN).
    """

    def read(value: Any) -> Any:
        try:
            moment = np.datetime64(getattr(value, "to_datetime64", lambda: value)(), "s")
        except (TypeError, ValueError):
            return np.datetime64("NaT", "s")
        return moment

    values = np.asarray(block, dtype=object)
    moments = np.array([[read(value) for value in row] for row in values.tolist()])
    moments = moments.astype("datetime64[s]").reshape(values.shape)
    days = moments.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    years = moments.astype("datetime64[Y]")
    parts = [
        (moments - np.datetime64("1970-01-01", "s")) / np.timedelta64(1, "D"),
        years.astype(np.float64) + 1970,
        (months - years) / np.timedelta64(1, "M") + 1,
        (days - months) / np.timedelta64(1, "D") + 1,
        np.floor((days - np.datetime64("1970-01-05", "D")) / np.timedelta64(1, "D")) % 7,
        (moments - days) / np.timedelta64(1, "h"),
    ]
    numbers = np.concatenate([part.astype(np.float64) for part in parts], axis=1)
    return np.where(np.isnat(np.tile(moments, 6)), np.nan, numbers)


def to_texts(block: Any) -> Any:
    """Return a column of text (n, 1) as texts (n,); what is missing is the empty text."""
    values = np.asarray(block, dtype=object).reshape(len(block))
    return np.array([v if isinstance(v, str) else "" for v in values.tolist()], dtype=object)
