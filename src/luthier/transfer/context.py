"""Numbers that describe a table of data: five that tell tasks apart, and more for those who ask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import TaskError, find_closest
from ..history.task import CONTEXT
from ..validation import show, to_number
from .data_columns import read_columns
from .meta_features import META_FEATURES, measure_columns


def describe(X: Any, y: Any, meta_features: bool = False, seed: int = 0) -> dict[str, float]:
    """Return numbers that describe a table of data and its targets.

    They are the five by which a knowledge base orders tasks: "log_rows" and "log_columns" (natural
    logarithms), "classes" (0 for a numeric target), "share_categorical" (of the columns) and
    "share_missing" (of the values). Of a large table 5,000 rows are looked at, spread evenly, and
    all targets.

    Args:
        X: (n, d) numbers or categories: an array, a data frame, or lists. None, NaN, infinite
            numbers, and the texts "nan", "NaT" and "<NA>", which missing values become, are
            missing. Dates and durations are numbers.
        y: (n,) classes or numbers. Texts, truth values, and whole numbers of which there are at
            most 50, each twice or more in the mean, are classes.
        meta_features: Whether to add statistics of the columns and what simple models reach; see
            `meta_features.measure_columns`.
        seed: Of the rows on which simple models are tried.

    Raises:
        TaskError: X and y are no such table, numbers are complex, a target is missing, or all
            targets are the same.
    """
    columns = read_columns(X, y)
    missing = np.isnan(columns.X)
    found = {
        "log_rows": math.log(columns.n_all),
        "log_columns": math.log(columns.X.shape[1]),
        "classes": float(columns.classes),
        "share_categorical": float(columns.is_category.mean()),
        "share_missing": float(missing.mean()),
    }
    if meta_features:
        found |= measure_columns(columns, np.random.default_rng(seed))
    return found


def check_context(context: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a context, by the names that `describe` gives them.

    Raises:
        TaskError: A name is none of these, or one is no finite number.
    """
    if not isinstance(context, Mapping):
        raise TaskError(f"a context is a dict, such as {{'log_rows': 9.2}}, got {show(context)}")
    known = (*CONTEXT, *META_FEATURES)
    found: dict[str, float] = {}
    for name, value in context.items():
        if name not in known:
            near = find_closest(name, known) if isinstance(name, str) else None
            hint = f"did you mean {near!r}?" if near else f"they are {', '.join(known)};"
            raise TaskError(
                f"a context has no number {show(name)}; {hint} what else tells tasks apart is a tag"
            )
        number = to_number(value)
        if number is None or not math.isfinite(number):
            raise TaskError(
                "a context has a finite number for each name, such as {'log_rows': 9.2}, got "
                f"{name}: {show(value)}; leave out what is not known"
            )
        found[name] = float(number)
    return found
