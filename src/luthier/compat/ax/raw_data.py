"""Results as users pass them: numbers, pairs with an error, dicts of these, steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .exceptions.core import UserInputError

Results = dict[str, tuple[float, float]]
_EXPECTED = (
    "Raw data does not conform to the expected structure. Expected a number, a (mean, sem) pair, "
    "or a dict of metric names to these"
)


def read_number(value: Any) -> float:
    """Return a number of any library as a float.

    Raises:
        UserInputError: It is none.
    """
    if isinstance(value, str | bool | bytes) or value is None:
        raise UserInputError(f"{_EXPECTED}, got {value!r:.200}.")
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError):
        raise UserInputError(f"{_EXPECTED}, got {value!r:.200}.") from None


def read_result(value: Any) -> tuple[float, float]:
    """Return a result and its standard error, NaN where that is not known.

    Raises:
        UserInputError: It is neither a number nor a pair.
    """
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise UserInputError(f"{_EXPECTED}, got {value!r:.200}.")
        mean, sem = value
        return read_number(mean), math.nan if sem is None else read_number(sem)
    return read_number(value), math.nan


def read_results(raw: Any, objective_names: list[str]) -> Results:
    """Return results by name, from what a user passed.

    Args:
        raw: A number or a pair, where there is one objective; or a dict of these.
        objective_names: Names of the objectives.

    Raises:
        UserInputError: It is none of these.
    """
    if isinstance(raw, Mapping):
        return {str(n): read_result(v) for n, v in raw.items()}
    if len(objective_names) != 1:
        raise UserInputError(f"{_EXPECTED}; of {len(objective_names)} objectives it must be a dict")
    return {objective_names[0]: read_result(raw)}


def read_steps(raw: Any, objective_names: list[str]) -> list[tuple[float, Results]]:
    """Return (step, results) pairs, from what a user passed; without steps NaN.

    Raises:
        UserInputError: It is not of the expected form.
    """
    if not isinstance(raw, list):
        return [(math.nan, read_results(raw, objective_names))]
    found = []
    for entry in raw:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise UserInputError(f"{_EXPECTED}, or a list of (step, dict) pairs, got {raw!r:.200}.")
        step, results = entry
        if isinstance(step, Mapping):
            step = next(iter(step.values()), math.nan)
        found.append((read_number(step), read_results(results, objective_names)))
    return found
