"""Frame of a panel: the ranges of its axes, and where a value stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import ArrayLike

from ..typing import Array
from .figure import Band, Bars, Dots, Heat, Layer, Line, Panel, PanelAxis

_MARGIN = 0.04  # of the range, beyond the outermost values
_OUTSIDE = 1e3  # lengths of the axis beyond which no place differs from another
LARGEST = 1e300  # beyond it, ranges and margins overflow


class Range(NamedTuple):
    """What an axis shows.

    Attributes:
        axis: The axis.
        low: Where it begins.
        high: Where it ends, beyond `low`.
    """

    axis: PanelAxis
    low: float
    high: float

    def place(self, values: ArrayLike) -> Array:
        """Return where values (...) stand: 0 at the start of the axis, 1 at its end; or NaN."""
        values = drop_far(values)
        low, high = self.low, self.high
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.axis.scale == "log":
                values = np.where(values > 0, np.log(values), np.nan)
                low, high = np.log(low), np.log(high)
            at = np.asarray((values - low) / (high - low))
        at = np.clip(np.where(np.isfinite(at), at, np.nan), -_OUTSIDE, _OUTSIDE)
        return 1.0 - at if self.axis.reverse else at


class Frame(NamedTuple):
    """The ranges of both axes."""

    x: Range
    y: Range


def find_frame(panel: Panel) -> Frame:
    """Return what the axes of a panel show: all that its layers have, and a margin."""
    parts = [part for layer in panel.layers for part in _extent(layer)]
    margins = {"x": True, "y": True}  # none where bars begin
    for layer in panel.layers:
        if isinstance(layer, Bars):
            margins["x" if layer.horizontal else "y"] = False
    x, y = panel.x, panel.y
    if cells := [layer for layer in panel.layers if isinstance(layer, Heat)]:
        x, y = (
            _end_at_edges(x, [c.x_edges for c in cells]),
            _end_at_edges(y, [c.y_edges for c in cells]),
        )
    return Frame(
        _find_range(x, [x for x, _ in parts], margins["x"]),
        _find_range(y, [y for _, y in parts], margins["y"]),
    )


def _end_at_edges(axis: PanelAxis, edges: list[Array]) -> PanelAxis:
    """The axis with the ends of cells as its own, unless it has some."""
    if axis.scale == "category":
        return axis
    return replace(
        axis,
        low=min(float(e[0]) for e in edges) if axis.low is None else axis.low,
        high=max(float(e[-1]) for e in edges) if axis.high is None else axis.high,
    )


def drop_far(values: ArrayLike) -> Array:
    """Return values (...) with NaN for those that have no place: infinite ones and beyond 1e300."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.abs(values) <= LARGEST, values, np.nan)


def _extent(layer: Layer) -> Iterator[tuple[Array, Array]]:
    """Values of a layer along x and along y."""
    nothing = np.empty(0)
    if isinstance(layer, Dots | Line):
        seen = np.isfinite(layer.x) & np.isfinite(layer.y)
        yield np.asarray(layer.x)[seen], np.asarray(layer.y)[seen]
    elif isinstance(layer, Band):
        seen = np.isfinite(layer.low) & np.isfinite(layer.high)
        yield layer.x[seen], np.concatenate([layer.low[seen], layer.high[seen]])
    elif isinstance(layer, Bars):
        along = [layer.start, layer.end]
        if layer.interval is not None:
            along.append(layer.interval.ravel())
        across = np.concatenate([layer.at - layer.width / 2, layer.at + layer.width / 2])
        ends = np.concatenate(along)
        yield (ends, across) if layer.horizontal else (across, ends)
    elif isinstance(layer, Heat):
        yield layer.x_edges, layer.y_edges
    else:
        yield nothing, nothing


def _find_range(axis: PanelAxis, parts: list[Array], margin: bool) -> Range:
    """The range of one axis."""
    if axis.scale == "category":
        return Range(axis, -0.5, max(1, len(axis.categories)) - 0.5)
    values = drop_far(np.concatenate([np.empty(0), *parts]))
    values = values[~np.isnan(values)]
    if axis.scale == "log":
        values = values[values > 0]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if axis.scale == "log":
        return _log_range(axis, low if len(values) else 0.1, high)
    if not high > low:
        half = abs(low) * 0.1 or 0.5
        low, high = low - half, high + half
    else:
        room = _MARGIN * (high - low)
        if margin or low < 0:
            low -= room
        high += room
    return _fix(axis, low, high)


def _log_range(axis: PanelAxis, low: float, high: float) -> Range:
    """The range of a log axis."""
    if not high > low:
        low, high = low / 2, high * 2
    ratio = float(np.exp(_MARGIN * np.log(high / low)))
    return _fix(axis, low / ratio, high * ratio)


def _fix(axis: PanelAxis, low: float, high: float) -> Range:
    """The range with the ends that the axis asks for, unless they turn it around."""
    low = low if axis.low is None else axis.low
    high = high if axis.high is None else axis.high
    return Range(axis, low, high if high > low else low + (abs(low) or 1.0))
