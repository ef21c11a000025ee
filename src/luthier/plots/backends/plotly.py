"""Figures of plotly, for notebooks: made from plain dicts, and shown without network access.

Each layer is one trace, however many lines it holds; words are notes on a ground of their own, as
plotly knows no halo. Names of places and round moments are texts of
ticks on a linear axis, so that plotly cannot take the category "1e-3" for a number.
"""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...typing import Array
from ..figure import (
    Band,
    Bars,
    Dots,
    Figure,
    Heat,
    Line,
    Panel,
    PanelAxis,
    Shades,
    Text,
    Tick,
)
from ..frame import Range, drop_far
from ..layout import TURN, Layout, Place, arrange
from ..look import FONT_SIZE, LOOKS, TITLE_SIZE, Look, Theme, mix_colours, shade_positions
from ..texts import clean_text, cut_text
from .endings import check_ending

_FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"


_NO_MARK = {
    "type": "scatter",
    "x": [None],
    "y": [None],
    "mode": "markers",
    "marker": {"color": [0.0], "coloraxis": "coloraxis"},
    "showlegend": False,
    "hoverinfo": "skip",
}
"""A trace that shows nothing: plotly draws a colour bar for marks and cells only, not for lines."""


class PlotlyFigure(go.Figure):  # type: ignore[misc]  # plotly has no types
    """A figure of plotly, which shows itself in a notebook."""

    def save(self, path: str | Path) -> None:
        """Write it into a page that can be opened without network access; it has about 5 MB.

        Raises:
            ValueError: The file does not end in .html.
        """
        advice = "; for images use backend='svg' or 'matplotlib'"
        check_ending(Path(path), (".html",), advice)
        self.write_html(path, include_plotlyjs=True)


def draw_plotly(figure: Figure, theme: Theme | None = None) -> PlotlyFigure:
    """Draw a figure with plotly.

    Args:
        figure: What is drawn.
        theme: "light" or "dark"; None for light.
    """
    look = LOOKS[theme or "light"]
    layout = arrange(figure)
    traces: list[dict[str, Any]] = []
    annotations = [
        _note(layout, 12, layout.notes_top + 16 * i, line, size=FONT_SIZE - 1)
        for i, line in enumerate(layout.notes)
    ]
    settings: dict[str, Any] = {
        "template": "none",
        "width": layout.width,
        "height": layout.height,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": look.background,
        "plot_bgcolor": look.background,
        "font": {"family": _FONT, "size": FONT_SIZE, "color": look.ink},
        "title": {
            "text": _plain(layout.title),
            "x": 12 / layout.width,
            "y": 1 - 24 / layout.height,
            "font": {"size": TITLE_SIZE},
        },
        "showlegend": bool(layout.legend),
        "legend": {
            "orientation": "h",
            "x": 6 / layout.width,
            "y": 1 - 38 / layout.height,
            "yanchor": "top",
        },
        "barmode": "overlay",
        "hovermode": "closest",
    }
    known: set[str] = set()
    for i, (panel, place) in enumerate(zip(figure.panels, layout.places, strict=True)):
        end = "" if i == 0 else str(i + 1)
        settings[f"xaxis{end}"] = _axis(panel.x, place, layout, look, True, f"y{end}")
        settings[f"yaxis{end}"] = _axis(panel.y, place, layout, look, False, f"x{end}")
        annotations += _labels(panel, place, layout)
        for layer in panel.layers:
            if isinstance(layer, Text):
                annotations.append(_word(layer, panel, end, look))
                continue
            trace = {**_trace(layer, figure.shades, look), "xaxis": f"x{end}", "yaxis": f"y{end}"}
            label = trace.get("name", "")
            trace["showlegend"] = bool(label) and label not in known
            trace["legendgroup"] = label
            known.add(label)
            traces.append(trace)
    if figure.shades is not None and layout.bar is not None:
        settings["coloraxis"] = _colour_axis(figure.shades, layout.bar, layout)
        traces.append(_NO_MARK)
    settings["annotations"] = annotations
    return PlotlyFigure({"data": traces, "layout": settings}, skip_invalid=False)


def _plain(text: str) -> str:
    """A text in which no sign begins a tag."""
    return html.escape(clean_text(text), quote=False)


def _note(layout: Layout, x: float, y: float, text: str, **more: Any) -> dict[str, Any]:
    """A text whose upper left corner, or what `more` says, is at a place in pixels."""
    size = more.pop("size", FONT_SIZE)
    return {
        "text": _plain(text),
        "xref": "paper",
        "yref": "paper",
        "x": x / layout.width,
        "y": 1 - y / layout.height,
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": size},
        **more,
    }


def _axis(
    axis: PanelAxis, place: Place, layout: Layout, look: Look, is_x: bool, anchor: str
) -> dict[str, Any]:
    """One axis, where the layout has it."""
    shown: Range = place.frame.x if is_x else place.frame.y
    ends = [shown.low, shown.high]
    if axis.scale == "log":
        ends = [float(np.log10(end)) for end in ends]
    if is_x:
        domain = [place.left / layout.width, (place.left + place.width) / layout.width]
    else:
        bottom = 1 - (place.top + place.height) / layout.height
        domain = [max(0.0, bottom), min(1.0, 1 - place.top / layout.height)]
    settings: dict[str, Any] = {
        "type": "log" if axis.scale == "log" else "linear",
        "range": ends[::-1] if axis.reverse else ends,
        "domain": domain,
        "anchor": anchor,
        "gridcolor": look.grid,
        "linecolor": look.ink,
        "zeroline": False,
        "showline": True,
    }
    ticks: list[Tick] = place.x_ticks if is_x else place.y_ticks
    if axis.scale in ("linear", "log") and axis.marks is None:
        most = len(ticks) + 2 if is_x else 2 * len(ticks)  # plotly takes fewer
        settings |= {"exponentformat": "e", "nticks": max(3, most), "tickangle": 0}
        if axis.scale == "log":
            n_decades = ends[1] - ends[0]
            settings["dtick"] = max(1, math.ceil(n_decades / (len(ticks) + 1)))
            if n_decades < 1.5:
                settings["dtick"] = "D2"  # 1, 2, 5
        return settings
    settings["tickvals"] = [t.value for t in ticks]
    settings["ticktext"] = [_plain(t.label) for t in ticks]
    if is_x and place.turned:
        settings["tickangle"] = -TURN
    return settings


def _labels(panel: Panel, place: Place, layout: Layout) -> list[dict[str, Any]]:
    """What the axes are, and the title of the panel."""
    left, top, width, height = place.left, place.top, place.width, place.height
    found = []
    if panel.x.label:
        label = cut_text(panel.x.label, width + 20, FONT_SIZE)
        foot = top + height + place.foot + 4
        middle = left + width / 2
        found.append(_note(layout, middle, foot, label, xanchor="center", yanchor="bottom"))
    if panel.y.label:
        label = cut_text(panel.y.label, height, FONT_SIZE)
        turn = {"textangle": -90, "xanchor": "center", "yanchor": "middle"}
        found.append(_note(layout, place.side - 4, top + height / 2, label, **turn))
    if panel.title:
        label = cut_text(panel.title, width, FONT_SIZE, bold=True)
        found.append(_note(layout, left, top - 3, label, yanchor="bottom"))
    return found


def _word(layer: Text, panel: Panel, end: str, look: Look) -> dict[str, Any]:
    """A word at a place of a panel, readable on what it lies on."""
    x, y = (
        math.log10(at) if axis.scale == "log" else at
        for at, axis in ((layer.x, panel.x), (layer.y, panel.y))
    )
    beside = layer.align != "middle"
    return {
        "text": _plain(layer.text),
        "xref": f"x{end}",
        "yref": f"y{end}",
        "x": x,
        "y": y,
        "xanchor": "center" if not beside else layer.align,
        "yanchor": "middle" if beside else "bottom" if layer.rise > 0 else "top",
        "showarrow": False,
        "bgcolor": look.background,
        "borderpad": 0,
        "opacity": 0.85,
    }


def _trace(
    layer: Dots | Line | Band | Bars | Heat, shades: Shades | None, look: Look
) -> dict[str, Any]:
    """A layer as one trace."""
    if isinstance(layer, Dots):
        return _trace_dots(layer, shades, look)
    if isinstance(layer, Line):
        colour = look.colours[layer.colour]
        if layer.shade is not None and shades is not None:
            colour = mix_colours(shade_positions(shades, [layer.shade]))[0]
        line = {"color": colour, "width": layer.width, "shape": "hv" if layer.steps else "linear"}
        if layer.dashed:
            line["dash"] = "dash"
        return {
            "type": "scatter",
            "mode": "lines",
            "x": layer.x,
            "y": drop_far(layer.y),
            "line": line,
            "name": _plain(layer.label),
            "opacity": 0.3 if layer.faint else 1.0,
            "connectgaps": False,
            **({"hoverinfo": "skip"} if layer.faint else {}),
        }
    if isinstance(layer, Band):
        return _trace_band(layer, look)
    if isinstance(layer, Bars):
        return _trace_bars(layer, shades, look)
    return {
        "type": "heatmap",
        "x": layer.x_edges,
        "y": layer.y_edges,
        "z": _coded(layer.shade, shades),
        "coloraxis": "coloraxis",
        "hoverongaps": False,
        "hovertemplate": "%{z}<extra></extra>",
    }


def _coded(values: Array, shades: Shades | None) -> Array:
    """Values as the colour axis has them, which knows no logarithms."""
    if shades is None or not shades.log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)


def _paint(layer: Dots | Bars, shades: Shades | None, look: Look) -> dict[str, Any]:
    """The colour of all marks, or the value of each on the colour axis."""
    if layer.shade is None or shades is None:
        return {"color": look.colours[layer.colour]}
    return {"color": _coded(layer.shade, shades), "coloraxis": "coloraxis"}


def _hover(layer: Dots | Bars) -> dict[str, Any]:
    """What marks say when they are pointed at."""
    if not layer.hover:
        return {}
    return {"hovertext": [_plain(text) for text in layer.hover], "hoverinfo": "text"}


def _trace_dots(layer: Dots, shades: Shades | None, look: Look) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": drop_far(layer.x),
        "y": drop_far(layer.y),
        "marker": {
            **_paint(layer, shades, look),
            "size": 2 * layer.size,
            "symbol": "circle-open" if layer.hollow else "circle",
            "opacity": 1.0 if layer.hollow else 0.75,
            "line": {"width": 1.4 if layer.hollow else 0.0},
        },
        "name": _plain(layer.label),
        **_hover(layer),
    }


def _trace_band(layer: Band, look: Look) -> dict[str, Any]:
    x, low, high = layer.x, layer.low, layer.high
    if layer.steps and len(x) > 1:
        x, low, high = np.repeat(x, 2)[1:], np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1]
    known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    xs, ys = [np.empty(0)], [np.empty(0)]
    for first, end in edges.reshape(-1, 2):
        xs += [x[first:end], x[first:end][::-1], np.array([np.nan])]
        ys += [low[first:end], high[first:end][::-1], np.array([np.nan])]
    colour = look.colours[layer.colour]
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return {
        "type": "scatter",
        "mode": "lines",
        "x": np.concatenate(xs)[:-1],
        "y": np.concatenate(ys)[:-1],
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},0.22)",
        "line": {"width": 0, "color": colour},
        "name": _plain(layer.label),
        "hoverinfo": "skip",
    }


def _trace_bars(layer: Bars, shades: Shades | None, look: Look) -> dict[str, Any]:
    marker = _paint(layer, shades, look)
    if layer.hollow:
        line = {"color": look.colours[layer.colour], "width": 1.4}
        marker = {"color": "rgba(0,0,0,0)", "line": line}
    along, across = ("x", "y") if layer.horizontal else ("y", "x")
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h" if layer.horizontal else "v",
        along: layer.end - layer.start,
        across: layer.at,
        "base": layer.start,
        "width": layer.width,
        "marker": marker,
        "name": _plain(layer.label),
        **_hover(layer),
    }
    if layer.interval is not None:
        trace[f"error_{along}"] = {
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(layer.interval[:, 1] - layer.end),
            "arrayminus": np.nan_to_num(layer.end - layer.interval[:, 0]),
            "color": look.ink,
            "thickness": 1.3,
            "width": 3,
        }
    return trace


def _colour_axis(shades: Shades, bar: tuple[float, float, float], layout: Layout) -> dict[str, Any]:
    """The colour bar, where the layout has it."""
    left, top, height = bar
    low, high = _coded(np.array([shades.low, shades.high]), shades)
    anchors = np.linspace(0, 1, 11)
    scale = [[float(a), c] for a, c in zip(anchors, mix_colours(anchors), strict=True)]
    return {
        "cmin": low,
        "cmax": high if high > low else low + 1.0,
        "colorscale": scale,
        "colorbar": {
            "title": {"text": _plain(shades.label), "side": "right"},
            "x": left / layout.width,
            "xanchor": "left",
            "y": 1 - top / layout.height,
            "yanchor": "top",
            "len": height / layout.height,
            "thickness": 12,
            "tickprefix": "1e" if shades.log else "",
            "exponentformat": "e",
        },
    }
