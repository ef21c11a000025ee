"""Figures of matplotlib."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

from ...marks import experimental_func
from .. import over_params, over_trials
from ..over_terminator import terminator_improvement
from ..picture import Panel, Picture, Series

_SCALE = "Blues"


def draw(picture: Picture) -> Any:
    """Return a picture as `Axes`, or an array of them where there are several panels."""
    rows, columns = len(picture.panels), len(picture.panels[0])
    if rows == columns == 1:
        panel = picture.panels[0][0]
        kind = {} if panel.z_title is None else {"projection": "3d"}
        _, axes = plt.subplots(subplot_kw=kind)
        axes.set_title(picture.title)
        _fill(axes, panel)
        return axes
    figure, table = plt.subplots(rows, columns, squeeze=False)
    figure.suptitle(picture.title)
    for i, row in enumerate(picture.panels):
        for j, panel in enumerate(row):
            _fill(table[i, j], panel)
    return table[0] if rows == 1 else table


def _fill(axes: Any, panel: Panel) -> None:
    axes.set_xlabel(panel.x_title)
    axes.set_ylabel(panel.y_title)
    if panel.z_title is not None:
        axes.set_zlabel(panel.z_title)
    lines = [s for s in panel.series if s.kind == "lines" and isinstance(s.color, int | float)]
    if lines:
        segments = [list(zip(s.x, s.y, strict=True)) for s in lines]
        together = LineCollection(segments, cmap=_SCALE)
        together.set_array(np.array([s.color for s in lines]))
        axes.add_collection(together)
    bars = [s for s in panel.series if s.kind == "bars"]
    _draw_bars(axes, bars)
    for series in panel.series:
        if series not in lines and series not in bars:
            _draw(axes, series, panel)
    if panel.x_log:
        axes.set_xscale("log")
    if panel.y_log:
        axes.set_yscale("log")
    if panel.x_ticks is not None:
        axes.set_xticks(*panel.x_ticks)
    if any(s.name for s in panel.series):
        axes.legend()


def _draw_bars(axes: Any, bars: list[Series]) -> None:
    height = 0.8 / max(len(bars), 1)
    names = list(dict.fromkeys(name for s in bars for name in s.y))
    for k, series in enumerate(bars):
        places = [names.index(name) + (k + 0.5) * height - 0.4 for name in series.y]
        axes.barh(places, series.x, height=height, label=series.name)
    if bars:
        axes.set_yticks(range(len(names)), names)


def _draw(axes: Any, series: Series, panel: Panel) -> None:
    label = series.name or None
    if series.kind == "spans":
        lengths = [end - start for start, end in zip(series.start, series.x, strict=True)]
        axes.barh(series.y, lengths, left=series.start, color=series.color, label=label)
    elif series.kind == "surface":
        _draw_surface(axes, series)
    elif series.kind == "markers":
        places = (series.x, series.y, series.start) if panel.z_title else (series.x, series.y)
        colors: dict[str, Any] = {} if series.color is None else {"c": series.color}
        if isinstance(series.color, list):
            colors["cmap"] = _SCALE
        points = axes.scatter(*places, label=label, **colors)
        if series.scale_title and series.color:
            axes.figure.colorbar(points, ax=axes).set_label(series.scale_title)
        if series.error:
            axes.errorbar(series.x, series.y, yerr=series.error, fmt="none")
    else:
        marker = "o" if series.kind == "both" else ""
        axes.plot(series.x, series.y, marker=marker, label=label)


def _places(values: Any) -> Any:
    """Numbers in place of texts, by their first occurrence."""
    if any(isinstance(v, str) for v in values):
        order = list(dict.fromkeys(values))
        return np.array([float(order.index(v)) for v in values])
    return np.array(values, dtype=float)


def _draw_surface(axes: Any, series: Series) -> None:
    x, y = _places(series.x), _places(series.y)
    z = np.array(series.color, dtype=float)
    if len({*zip(x, y, strict=True)}) > 2:
        try:
            surface = axes.tricontourf(x, y, z, cmap=_SCALE)
        except (RuntimeError, ValueError):  # the points lie on a line
            surface = axes.scatter(x, y, c=z, cmap=_SCALE)
    else:
        surface = axes.scatter(x, y, c=z, cmap=_SCALE)
    if series.scale_title:
        axes.figure.colorbar(surface, ax=axes).set_label(series.scale_title)


def _drawn(make: Callable[..., Picture]) -> Callable[..., Any]:
    @functools.wraps(make)
    def plot(*args: Any, **options: Any) -> Any:
        return draw(make(*args, **options))

    plot.__name__ = f"plot_{make.__name__}"
    return experimental_func("2.2.0", plot.__name__)(plot)


plot_optimization_history = _drawn(over_trials.optimization_history)
plot_intermediate_values = _drawn(over_trials.intermediate_values)
plot_edf = _drawn(over_trials.edf)
plot_hypervolume_history = _drawn(over_trials.hypervolume_history)
plot_timeline = _drawn(over_trials.timeline)
plot_slice = _drawn(over_params.slices)
plot_contour = _drawn(over_params.contour)
plot_rank = _drawn(over_params.rank)
plot_parallel_coordinate = _drawn(over_params.parallel_coordinate)
plot_param_importances = _drawn(over_params.param_importances)
plot_pareto_front = _drawn(over_params.pareto_front)
plot_terminator_improvement = _drawn(terminator_improvement)
