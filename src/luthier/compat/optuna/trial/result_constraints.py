"""Constraints on results: where Optuna's trials keep them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..marks import warn

CONSTRAINTS_KEY = "constraints"


def read_constraints(system_attrs: Mapping[str, Any]) -> dict[str, float]:
    """Return the constraints of a trial by name; feasible is at most 0.

    Those of a `constraints_func` have their place as name.
    """
    named = f"{CONSTRAINTS_KEY}:"
    found = {
        key.removeprefix(named): value
        for key, value in system_attrs.items()
        if key.startswith(named)
    }
    listed = system_attrs.get(CONSTRAINTS_KEY) or ()
    return {**{str(i): value for i, value in enumerate(listed)}, **found}


def is_feasible(constraints: Mapping[str, float]) -> bool:
    """Whether all constraints are satisfied."""
    return all(value <= 0.0 for value in constraints.values())


def check_constraint(key: str, value: Any, system_attrs: Mapping[str, Any]) -> float | None:
    """Return the value of a constraint to be set; None where it is set already, which is said.

    Raises:
        TypeError: It is no number.
        ValueError: It is NaN.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"The `value` argument is of type '{type(value)}' but supposed to be a float."
        ) from None
    if math.isnan(number):
        raise ValueError(f"Attempted to set a constraint for {key!r}, but NaN is not allowed.")
    if f"{CONSTRAINTS_KEY}:{key}" in system_attrs:
        warn(
            "The constraint value is ignored because this constraint "
            f"`key={key!r}` is already set.",
            stacklevel=3,
        )
        return None
    return number
