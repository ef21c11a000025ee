"""The filter of the page: ranges of columns, all of which a trial must be in.

It is one text, the same in the page's address and in requests: "value.0::0.5,param.1:2:3" keeps
trials whose first value is at most 0.5 and whose second parameter is from 2 to 3. Choices and
states count by their index.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..typing import Array, Index, Mask
from .request import RequestError

_MAX_RANGES = 50


class Range(NamedTuple):
    """The smallest and the largest value of a column, both included."""

    name: str
    low: float = -math.inf
    high: float = math.inf


def read_filter(text: str) -> list[Range]:
    """The ranges of a filter; none for "".

    Raises:
        RequestError: It is no filter.
    """
    parts = [part.split(":") for part in text.split(",")] if text else []
    if len(parts) > _MAX_RANGES or any(len(part) != 3 for part in parts):
        raise RequestError(
            422,
            "Invalid",
            f"expected at most {_MAX_RANGES} times COLUMN:LOW:HIGH, got {text!r:.100}",
        )
    return [
        Range(name, _read_end(low, -math.inf), _read_end(high, math.inf))
        for name, low, high in parts
    ]


def _read_end(text: str, otherwise: float) -> float:
    """One end of a range.

    Raises:
        RequestError: It is no number.
    """
    try:
        return float(text) if text else otherwise
    except ValueError:
        raise RequestError(
            422, "Invalid", f"expected a number in the filter, got {text!r:.100}"
        ) from None


def find_kept(ranges: Sequence[Range], n: int, read: Callable[[str], NDArray[Any]]) -> Mask:
    """Which trials (n,) are in all ranges; what has no value is in none.

    Args:
        ranges: The filter.
        n: Number of trials.
        read: Reads a column (n,).
    """
    use = np.ones(n, dtype=bool)
    for name, low, high in ranges:
        column = read(name)
        use &= (column >= low) & (column <= high)
    return use


def take_kept(order: Index, use: Mask) -> Index:
    """Those numbers of trials, in their order, that are kept."""
    return np.asarray(order[use[order]])


def sample_best(losses: Array, most: int) -> Index:
    """Places (k,), ascending, of the best half of a sample and of an even one of the others.

    Args:
        losses: (n,) smaller is better; NaN counts as the worst.
        most: Size of the sample; all where there are no more.
    """
    if len(losses) <= most:
        return np.arange(len(losses))
    order = np.argsort(losses, kind="stable")
    half = most // 2
    rest = np.linspace(half, len(order) - 1, most - half).round().astype(np.int64)
    return np.sort(np.concatenate([order[:half], order[rest]]))
