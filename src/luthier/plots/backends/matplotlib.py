"""Figures of matplotlib, for papers: PDF, PNG and SVG.

They are `Figure` objects of their own. pyplot, which keeps figures for the whole process and may
not be used in threads, is never touched.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from ..figure import Band, Bars, Dots, Figure, Heat, Layer, Line, Panel, PanelAxis, Shades
from ..frame import Range, drop_far
from ..layout import TURN, Key, Layout, Place, arrange
from ..look import FONT_SIZE, LOOKS, TITLE_SIZE, Look, Theme, mix_colours, shade_positions
from ..texts import clean_text, cut_text
from ..ticks import find_ticks
from .endings import check_ending
from .fonts import choose_families, has_signs, replace_missing

_DPI = 96.0  # pixels of the layout in an inch
_SHARP_DPI = 192.0  # of images
_POINT = 72.0 / _DPI
_SIZE = FONT_SIZE * _POINT
_COLOURS = ListedColormap(mix_colours(np.linspace(0, 1, 256)))


class MatplotlibFigure(Canvas):
    """A figure of matplotlib, which shows itself in a notebook."""

    def save(self, path: str | Path) -> None:
        """Write it into a file, as its ending says: .svg, .png or .pdf.

        Raises:
            ValueError: The ending is none of these.
        """
        advice = "; for .html use backend='svg' or 'plotly'"
        check_ending(Path(path), (".svg", ".png", ".pdf"), advice)
        self.savefig(path, dpi=_SHARP_DPI, facecolor=self.get_facecolor())

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=_SHARP_DPI, facecolor=self.get_facecolor())
        return buffer.getvalue()


def draw_matplotlib(figure: Figure, theme: Theme | None = None) -> MatplotlibFigure:
    """Draw a figure with matplotlib.

    Args:
        figure: What is drawn.
        theme: "light" or "dark"; None for light.
    """
    look = LOOKS[theme or "light"]
    layout = arrange(figure)
    canvas = MatplotlibFigure(
        figsize=(layout.width / _DPI, layout.height / _DPI), dpi=_DPI, facecolor=look.background
    )
    _draw_words(canvas, layout, look)
    for panel, place in zip(figure.panels, layout.places, strict=True):
        axes = canvas.add_axes(_box(layout, place.left, place.top, place.width, place.height))
        _set_up(axes, panel, place, look)
        for z, layer in enumerate(panel.layers, start=2):
            _draw_layer(axes, layer, z, figure.shades, look)
        _draw_labels(canvas, layout, panel, place, look)
    if figure.shades is not None and layout.bar is not None:
        _draw_bar(canvas, layout, figure.shades, layout.bar, look)
    return canvas


def _plain(text: str) -> str:
    """A text in which no sign begins a formula, and each is in some font."""
    text = replace_missing(clean_text(text), choose_families())
    return text.replace("\\", "∖").replace("$", r"\$")


def _box(
    layout: Layout, left: float, top: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """A box in parts of the figure, from below."""
    return (
        left / layout.width,
        1.0 - (top + height) / layout.height,
        width / layout.width,
        height / layout.height,
    )


def _write(canvas: Canvas, layout: Layout, x: float, y: float, text: str, **look: Any) -> None:
    """Write a text whose base line is y pixels below the top."""
    families = choose_families()
    look = {"fontsize": _SIZE, "va": "baseline", "fontfamily": families, **look}
    if not has_signs(text, families[:1]):  # the fonts that have them are seldom bold
        look.pop("fontweight", None)
    canvas.text(x / layout.width, 1.0 - y / layout.height, _plain(text), **look)


def _draw_words(canvas: Canvas, layout: Layout, look: Look) -> None:
    """Title, legend and notes."""
    bold: dict[str, Any] = {"fontsize": TITLE_SIZE * _POINT, "fontweight": "bold"}
    _write(canvas, layout, 12, 29, layout.title, color=look.ink, **bold)
    for key in layout.legend:
        _draw_key(canvas, layout, key, look)
    for i, line in enumerate(layout.notes):
        y = layout.notes_top + 12 + 16 * i
        _write(canvas, layout, 12, y, line, color=look.ink, fontsize=_SIZE - _POINT)


def _draw_key(canvas: Canvas, layout: Layout, key: Key, look: Look) -> None:
    """One word of the legend, with its mark."""
    colour = look.colours[key.colour]
    x, y = key.x / layout.width, 1.0 - key.y / layout.height
    length = 20 / layout.width
    if key.kind == "Line":
        style = "--" if key.dashed else "-"
        canvas.add_artist(Line2D([x, x + length], [y, y], color=colour, lw=1.5, ls=style))
    elif key.kind == "Dots":
        face = "none" if key.hollow else colour
        dot = Line2D([x + length / 2], [y], marker="o", ms=6, mec=colour, mfc=face, ls="")
        canvas.add_artist(dot)
    else:
        alpha = 0.22 if key.kind == "Band" else 0.9
        face = "none" if key.hollow else colour
        half = 5 / layout.height
        edge = colour if key.hollow else "none"
        canvas.add_artist(Rectangle((x, y - half), length, 2 * half, fc=face, ec=edge, alpha=alpha))
    _write(canvas, layout, key.x + 26, key.y + 4, key.label, color=look.ink)


def _set_up(axes: Axes, panel: Panel, place: Place, look: Look) -> None:
    """Ranges, scales, ticks and grid of one panel."""
    axes.set_facecolor("none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(look.ink)
    axes.tick_params(length=0, labelsize=_SIZE, labelcolor=look.ink)
    axes.grid(True, color=look.grid, linewidth=0.7)
    axes.set_axisbelow(True)
    if panel.x.scale == "log":
        axes.set_xscale("log")
    if panel.y.scale == "log":
        axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xlim(*_limits(place.frame.x))
    axes.set_ylim(*_limits(place.frame.y))
    turn: dict[str, Any] = {"fontfamily": choose_families()}
    if place.turned:
        turn |= {"rotation": TURN, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks([t.value for t in place.x_ticks], [_plain(t.label) for t in place.x_ticks])
    axes.set_yticks([t.value for t in place.y_ticks], [_plain(t.label) for t in place.y_ticks])
    for label in axes.get_xticklabels():
        label.set(**turn)
    for label in axes.get_yticklabels():
        label.set(fontfamily=choose_families())


def _limits(shown: Range) -> tuple[float, float]:
    return (shown.high, shown.low) if shown.axis.reverse else (shown.low, shown.high)


def _draw_labels(canvas: Canvas, layout: Layout, panel: Panel, place: Place, look: Look) -> None:
    """What the axes are, and the title of the panel."""
    left, top, width, height = place.left, place.top, place.width, place.height
    if panel.x.label:
        label = cut_text(panel.x.label, width + 20, FONT_SIZE)
        foot = top + height + place.foot
        _write(canvas, layout, left + width / 2, foot, label, ha="center", color=look.ink)
    if panel.y.label:
        label = cut_text(panel.y.label, height, FONT_SIZE)
        turn: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "center"}
        _write(canvas, layout, place.side + 3, top + height / 2, label, color=look.ink, **turn)
    if panel.title:
        label = cut_text(panel.title, width, FONT_SIZE, bold=True)
        _write(canvas, layout, left, top - 7, label, color=look.ink, fontweight="bold")


def _draw_layer(axes: Axes, layer: Layer, z: int, shades: Shades | None, look: Look) -> None:
    """Draw one layer; `z` is its place in the stack."""
    if isinstance(layer, Dots):
        _draw_dots(axes, layer, z, shades, look)
    elif isinstance(layer, Line):
        colour = look.colours[layer.colour]
        if layer.shade is not None and shades is not None:
            colour = mix_colours(shade_positions(shades, [layer.shade]))[0]
        axes.plot(
            layer.x,
            drop_far(layer.y),
            color=colour,
            lw=layer.width * _POINT,
            ls="--" if layer.dashed else "-",
            drawstyle="steps-post" if layer.steps else "default",
            alpha=0.3 if layer.faint else 1.0,
            zorder=z,
        )
    elif isinstance(layer, Band):
        step: Literal["post"] | None = "post" if layer.steps else None
        colour = look.colours[layer.colour]
        axes.fill_between(
            layer.x,
            drop_far(layer.low),
            drop_far(layer.high),
            step=step,
            fc=colour,
            alpha=0.22,
            lw=0,
            zorder=z,
        )
    elif isinstance(layer, Bars):
        _draw_bars(axes, layer, z, shades, look)
    elif isinstance(layer, Heat):
        if shades is not None:
            norm = (LogNorm if shades.log else Normalize)(shades.low, shades.high)
            shade = np.ma.masked_invalid(layer.shade)
            axes.pcolormesh(
                layer.x_edges,
                layer.y_edges,
                shade,
                cmap=_COLOURS,
                norm=norm,
                zorder=z,
                rasterized=True,
            )
    else:
        align = {"left": "left", "middle": "center", "right": "right"}[layer.align]
        axes.annotate(
            _plain(layer.text),
            (layer.x, layer.y),
            (0, layer.rise * _POINT),
            textcoords="offset points",
            ha=align,
            va="baseline",
            color=look.ink,
            fontsize=_SIZE,
            fontfamily=choose_families(),
            zorder=z,
            path_effects=[withStroke(linewidth=3 * _POINT, foreground=look.background)],
        )


def _colours_of(layer: Dots | Bars, shades: Shades | None, look: Look) -> Any:
    """The colour of all marks, or one for each."""
    if layer.shade is None or shades is None:
        return look.colours[layer.colour]
    positions = shade_positions(shades, layer.shade)
    mixed = mix_colours(np.nan_to_num(positions))
    other = look.colours[layer.colour]
    return [c if k else other for c, k in zip(mixed, np.isfinite(positions), strict=True)]


def _draw_dots(axes: Axes, layer: Dots, z: int, shades: Shades | None, look: Look) -> None:
    colours = _colours_of(layer, shades, look)
    area = (2 * layer.size * _POINT) ** 2
    x, y = drop_far(layer.x), drop_far(layer.y)
    if layer.hollow:
        axes.scatter(x, y, s=area, facecolors="none", edgecolors=colours, linewidths=1, zorder=z)
    else:
        axes.scatter(x, y, s=area, c=colours, alpha=0.75, linewidths=0, zorder=z)


def _draw_bars(axes: Axes, layer: Bars, z: float, shades: Shades | None, look: Look) -> None:
    """Draw bars as one collection, as there may be thousands."""
    near, far = layer.at - layer.width / 2, layer.at + layer.width / 2
    along = np.stack([layer.start, layer.end, layer.end, layer.start], axis=1)
    across = np.stack([near, near, far, far], axis=1)
    corners = np.stack([along, across] if layer.horizontal else [across, along], axis=2)
    colours = _colours_of(layer, shades, look)
    if layer.hollow:
        paint: dict[str, Any] = {"facecolors": "none", "edgecolors": colours, "linewidths": 1}
    else:
        paint = {"facecolors": colours, "alpha": 0.9, "linewidths": 0}
    bars = PolyCollection(list(drop_far(corners)), zorder=z, **paint)
    axes.add_collection(bars, autolim=False)
    if layer.interval is not None:
        errors = np.abs(np.nan_to_num(layer.interval - layer.end[:, None])).T
        whiskers: dict[str, Any] = {"fmt": "none", "ecolor": look.ink, "elinewidth": 1}
        whiskers |= {"capsize": 2.5, "zorder": z + 0.5}
        if layer.horizontal:
            axes.errorbar(layer.end, layer.at, xerr=errors, **whiskers)
        else:
            axes.errorbar(layer.at, layer.end, yerr=errors, **whiskers)


def _draw_bar(
    canvas: Canvas, layout: Layout, shades: Shades, bar: tuple[float, float, float], look: Look
) -> None:
    """The colour bar with its ticks."""
    left, top, height = bar
    axes = canvas.add_axes(_box(layout, left, top, 12.0, height))
    axes.imshow(
        np.linspace(1, 0, 256)[:, None],
        cmap=_COLOURS,
        aspect="auto",
        extent=(0, 1, 0, 1),
        interpolation="nearest",
    )
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axis = PanelAxis(scale="log" if shades.log else "linear")
    if shades.high > shades.low:
        ticks = find_ticks(axis, shades.low, shades.high, max(2, int(height / 45)))
        for tick, at in zip(ticks, shade_positions(shades, [t.value for t in ticks]), strict=True):
            y = top + height * (1 - at) + 4
            label = cut_text(tick.label, 50, FONT_SIZE)
            _write(canvas, layout, left + 16, y, label, color=look.ink)
    label = cut_text(shades.label, height, FONT_SIZE)
    turn: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "center"}
    _write(canvas, layout, left - 3, top + height / 2, label, color=look.ink, **turn)
