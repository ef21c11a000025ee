"""What an analysis found, in the types that JSON has."""

from __future__ import annotations

import enum
import math
from typing import Any

import numpy as np

from .. import analysis

_DIGITS = 9  # of numbers in arrays, as many as a page can show


def to_page(value: Any) -> Any:
    """Records become objects by the names of their fields, arrays become lists.

    NaN becomes null, and what is infinite the text "inf" or "-inf". Numbers in arrays have nine
    digits.
    """
    match value:
        case None | bool() | str():
            return value
        case enum.Enum():
            return value.name.lower()
        case int():
            return int(value)
        case float():
            return _number(float(value))
        case np.ndarray():
            return _list(value)
        case np.generic():
            return to_page(value.item())
        case dict():
            return {str(key): to_page(item) for key, item in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return {name: to_page(item) for name, item in value._asdict().items()}
        case list() | tuple():
            return [to_page(item) for item in value]
    raise TypeError(f"a page cannot show {type(value).__name__}")


def say_quality(quality: analysis.ModelQuality) -> str:
    """How well a model predicts, in words."""
    return (
        f"R2 {quality.r2:.2f}, rank correlation {quality.rank_correlation:.2f} on trials left out"
    )


def _number(value: float) -> Any:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _list(array: np.ndarray[Any, Any]) -> list[Any]:
    if array.ndim > 1:
        return [_list(row) for row in array]
    if array.dtype.kind != "f":
        listed: list[Any] = array.tolist()
        return listed
    return [_number(float(f"{v:.{_DIGITS}g}")) for v in array.tolist()]
