"""Numbers that people know, without the last digits that a scale adds to them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_DIGITS = 12  # of a number that people may write in the middle of a range


def put_exactly(out: Any, exact: tuple[float, float], of: Any, ends: tuple[float, float]) -> None:
    """Write what is exact at the two ends of a range over what was computed there.

    Logarithms, and sums, may miss it in the last digit; those of arrays in another way than those
    of single numbers.

    Args:
        out: (n,) what was computed, changed in place; a single number is left as it is.
        exact: What is exact at either end.
        of: (n,) that from which it was computed.
        ends: Its values at either end.
    """
    if isinstance(out, np.ndarray):
        for value, end in zip(exact, ends, strict=True):
            np.copyto(out, value, where=of == end)


def shorten(number: float) -> float:
    """Return the short decimal that a computed number stands for, or the number."""
    short = float(f"{number:.{_DIGITS}g}")
    return short if math.isclose(short, number, rel_tol=1e-14) else number
