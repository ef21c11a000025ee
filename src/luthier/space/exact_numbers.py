"""Numbers that people know, without the last digits that a scale adds to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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


def find_written(
    from_unit: Callable[[float], float],
    to_unit: Callable[[float], float],
    known: Iterable[float | None],
) -> dict[float, float]:
    """Return what becomes of known numbers on the way to the unit interval and back -> the number.

    Args:
        from_unit: The value at a point of the unit interval.
        to_unit: Where a value lies.
        known: Numbers that somebody has written, or None. The middle of the range is known as well,
            as the short decimal that it stands for.
    """
    middle = from_unit(0.5)
    written = {middle: shorten(middle)}
    for number in known:
        if number is not None:
            written[from_unit(to_unit(float(number)))] = float(number)
    return written


def shorten(number: float) -> float:
    """Return the short decimal that a computed number stands for, or the number."""
    short = float(f"{number:.{_DIGITS}g}")
    return short if math.isclose(short, number, rel_tol=1e-14) else number
