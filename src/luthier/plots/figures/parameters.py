"""Parameters as axes of a panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from ...analysis.arguments import check_names
from ...analysis.axes import Axis
from ...history.history import History
from ...typing import Array
from ..figure import Layer, Panel, PanelAxis, Tick
from ..ticks import format_number


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


def choose_params(
    history: History, params: Sequence[str] | None, most: int
) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of the parameters that a figure shows, and a note on the others.

    Args:
        history: The trials.
        params: What the caller named, all of which is shown; None for the first ones.
        most: How many the first ones are.
    """
    names = history.space.names
    if params is not None:
        params = list(check_names(params))
    if params is not None or len(names) <= most:
        return list(names if params is None else params), ()
    note = f"The first {most} of {len(names):,} parameters; params=[...] shows others."
    return list(names[:most]), (note,)


def find_columns(n: int, most: int = 4) -> int:
    """Return how many of n panels stand side by side: as many as make the last row full."""
    if n <= most:
        return max(1, n)
    return min(range(3, most + 1), key=lambda k: (-n % k, -k))


def arrange_panels(
    axes: Sequence[Axis], layers: Sequence[Sequence[Layer]], y: PanelAxis
) -> tuple[tuple[Panel, ...], int]:
    """Return a panel for each parameter, and how many stand side by side.

    Args:
        axes: The parameters.
        layers: What each panel shows.
        y: The axis of values that all have; its label stands at the first panel of each row.
    """
    n_columns = find_columns(len(axes))
    panels = tuple(
        Panel(
            layers=tuple(shown),
            x=describe_axis(axis),
            y=y if i % n_columns == 0 else replace(y, label=""),
        )
        for i, (axis, shown) in enumerate(zip(axes, layers, strict=True))
    )
    return panels, n_columns
