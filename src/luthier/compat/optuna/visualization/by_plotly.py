"""Figures of plotly."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from . import over_params, over_trials
from .over_terminator import terminator_improvement
from .picture import Panel, Picture, Series

_SCALE = "Blues"


def draw(picture: Picture) -> go.Figure:
    """Return a picture as a figure of plotly."""
    rows, columns = len(picture.panels), len(picture.panels[0])
    if rows == columns == 1:
        figure = go.Figure()
        _fill(figure, picture.panels[0][0], {})
    else:
        figure = make_subplots(rows=rows, cols=columns)
        for i, row in enumerate(picture.panels):
            for j, panel in enumerate(row):
                _fill(figure, panel, {"row": i + 1, "col": j + 1})
    figure.update_layout(title=picture.title)
    return figure


def _fill(figure: go.Figure, panel: Panel, at: dict[str, int]) -> None:
    numbers = [
        s.color for s in panel.series if s.kind == "lines" and isinstance(s.color, int | float)
    ]
    for series in panel.series:
        figure.add_trace(_trace(series, panel, numbers), **at)
    if panel.z_title is not None:
        titles = {"x": panel.x_title, "y": panel.y_title, "z": panel.z_title}
        figure.update_layout(scene={f"{k}axis": {"title": t} for k, t in titles.items()})
        return
    figure.update_xaxes(title_text=panel.x_title, **at)
    figure.update_yaxes(title_text=panel.y_title, **at)
    if panel.x_log:
        figure.update_xaxes(type="log", **at)
    if panel.y_log:
        figure.update_yaxes(type="log", **at)
    if panel.x_ticks is not None:
        places, texts = panel.x_ticks
        figure.update_xaxes(tickvals=places, ticktext=texts, **at)


def _trace(series: Series, panel: Panel, numbers: list[float]) -> Any:
    common: dict[str, Any] = {"name": series.name, "showlegend": bool(series.name)}
    if series.texts:
        common.update(text=series.texts, hovertemplate="%{text}<extra></extra>")
    if series.kind == "bars":
        return go.Bar(x=series.x, y=series.y, orientation="h", name=series.name)
    if series.kind == "spans":
        lengths = [
            (end - start) / datetime.timedelta(milliseconds=1)
            for start, end in zip(series.start, series.x, strict=True)
        ]
        return go.Bar(
            base=series.start,
            x=lengths,
            y=series.y,
            orientation="h",
            marker={"color": series.color},
            **common,
        )
    if series.kind == "surface":
        return go.Contour(
            x=series.x,
            y=series.y,
            z=series.color,
            connectgaps=True,
            contours_coloring="heatmap",
            colorscale=_SCALE,
            colorbar={"title": {"text": series.scale_title}},
            showscale=bool(series.scale_title),
        )
    if series.kind == "lines" and numbers and isinstance(series.color, int | float):
        low, high = min(numbers), max(numbers)
        share = (series.color - low) / (high - low) if high > low else 0.5
        blue = f"rgb({int(200 * (1 - share))}, {int(220 - 120 * share)}, 255)"
        return go.Scatter(x=series.x, y=series.y, mode="lines", line={"color": blue}, **common)

    marker: dict[str, Any] = {} if series.color is None else {"color": series.color}
    if isinstance(series.color, list):
        low, high = (min(series.color), max(series.color)) if series.color else (0.0, 1.0)
        marker.update(colorscale=_SCALE, cmin=low, cmax=high if high > low else low + 1.0)
        marker["showscale"] = bool(series.scale_title)
        marker["colorbar"] = {"title": {"text": series.scale_title}}
        marker["line"] = {"color": "gray", "width": 0.5}
    if panel.z_title is not None:
        return go.Scatter3d(
            x=series.x, y=series.y, z=series.start, mode="markers", marker=marker, **common
        )
    modes = {"markers": "markers", "lines": "lines", "both": "lines+markers"}
    if series.error:
        common["error_y"] = {"type": "data", "array": series.error}
    return go.Scatter(x=series.x, y=series.y, mode=modes[series.kind], marker=marker, **common)


def _drawn(make: Callable[..., Picture]) -> Callable[..., go.Figure]:
    @functools.wraps(make)
    def plot(*args: Any, **options: Any) -> go.Figure:
        return draw(make(*args, **options))

    plot.__name__ = f"plot_{make.__name__}"
    return plot


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
