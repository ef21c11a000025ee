"""Parameters as axes of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ...analysis.axes import Axis
from ...typing import Array
from ..figure import PanelAxis, Tick
from ..ticks import find_step, format_number

Shown = TypeVar("Shown")


def describe_axis(axis: Axis) -> PanelAxis:
    """Return the axis of a panel for a parameter.

    A reverse-log one has no scale of its own: values are placed by `place_values`, under ticks that
    say what they are.
    """
    if axis.choices:
        return PanelAxis(label=axis.name, scale="category", categories=axis.choices)
    if axis.scale == "reverse_log":
        return PanelAxis(label=axis.name, marks=_reverse_marks(axis))
    low, high = axis.low, axis.high
    if not high > low:
        return PanelAxis(label=axis.name)
    if axis.scale == "log":
        return PanelAxis(label=axis.name, scale="log")
    return PanelAxis(label=axis.name, whole=axis.step >= 1)


def place_values(axis: Axis, values: Array) -> Array:
    """Return values of a parameter (...) as the axis of `describe_axis` has them."""
    return axis.warp(values) if axis.scale == "reverse_log" else values


def _reverse_marks(axis: Axis) -> tuple[Tick, ...]:
    """Ticks at decades of the distance to the pivot, such as 0.9, 0.99, 0.999."""
    nearest, farthest = axis.pivot - axis.high, axis.pivot - axis.low
    decades = 10.0 ** np.arange(np.ceil(np.log10(nearest) - 1e-9), np.log10(farthest) + 1e-9)
    values = axis.pivot - decades
    if len(values) < 2:
        values = np.array([axis.low, axis.high])
    return tuple(Tick(float(axis.warp(np.array(v))), format_number(v, 8)) for v in values)


def limit_shown(
    items: Sequence[Shown], most: int, what: str, asked: bool
) -> tuple[Sequence[Shown], tuple[str, ...]]:
    """Return the items that a figure has room for, and a note on the others.

    Args:
        items: What could be shown.
        most: How many are shown.
        what: What they are, in the plural.
        asked: Whether the caller named them, so that all are shown.
    """
    if asked or len(items) <= most:
        return items, ()
    note = f"The first {most} of {len(items):,} {what}; params=[...] shows others."
    return items[:most], (note,)


def find_columns(n: int, most: int = 4) -> int:
    """Return how many of n panels stand side by side: as many as make the last row full."""
    if n <= most:
        return max(1, n)
    return min(range(3, most + 1), key=lambda k: (-n % k, -k))


def even_step(low: float, high: float, n: int) -> float:
    """Return a round step of which about n fit between two numbers."""
    return find_step(high - low, n)
