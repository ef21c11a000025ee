"""Layers as SVG elements.

Colours are classes, so that a page can show them dark; places are rounded to a tenth of a pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ...typing import Array, Index, Mask
from ..figure import Band, Bars, Dots, Heat, Layer, Line, Shades, Text
from ..frame import Frame
from ..look import FONT_SIZE, mix_colours, shade_positions
from ..texts import clean_text

_N_SHADES = 24  # of a heat map: cells of one shade are one element
_MAX_TITLES = 1_000  # marks that say something when pointed at


class Box(NamedTuple):
    """Where a panel is drawn, in pixels.

    Attributes:
        left: Of the box in which values stand.
        top: Of the same.
        width: Of the same.
        height: Of the same.
        frame: What its axes show.
        shades: The colour bar of the figure.
    """

    left: float
    top: float
    width: float
    height: float
    frame: Frame
    shades: Shades | None

    def x(self, values: Array) -> Array:
        """Return where values (k,) of the x axis stand, in pixels from the left of the box."""
        return self.frame.x.place(values) * self.width

    def y(self, values: Array) -> Array:
        """Return where values (k,) of the y axis stand, in pixels from its top."""
        return (1.0 - self.frame.y.place(values)) * self.height


def write_layer(layer: Layer, box: Box) -> Iterator[str]:
    """Return the elements of a layer."""
    if isinstance(layer, Dots):
        yield from _write_dots(layer, box)
    elif isinstance(layer, Line):
        yield from _write_line(layer, box)
    elif isinstance(layer, Band):
        yield from _write_band(layer, box)
    elif isinstance(layer, Bars):
        yield from _write_bars(layer, box)
    elif isinstance(layer, Heat):
        yield from _write_heat(layer, box)
    else:
        yield _write_text(layer, box)


def px(value: float) -> str:
    """Return a length as short text."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def write_title(text: str) -> str:
    """Return what is shown when an element is pointed at; nothing for ""."""
    return f"<title>{escape(clean_text(text))}</title>" if text else ""


def _find_fills(box: Box, shade: Array | None) -> list[str] | None:
    """Colours (k,) of marks on the colour bar; None where they all have the colour of the layer."""
    if shade is None or box.shades is None:
        return None
    positions = shade_positions(box.shades, shade)
    known = np.isfinite(positions)
    colours = mix_colours(np.where(known, positions, 0.0))
    return [c if k else "" for c, k in zip(colours, known, strict=True)]


def _write_dots(layer: Dots, box: Box) -> Iterator[str]:
    x, y = box.x(layer.x), box.y(layer.y)
    seen = np.flatnonzero(_is_inside(x, y, box))
    if not layer.hollow and (not layer.hover or len(seen) > _MAX_TITLES):
        yield from _write_crowd(layer, box, x, y, seen)
        return
    fills = _find_fills(box, layer.shade)
    kind = "s" if layer.hollow else "f"
    radius = px(layer.size)
    yield f'<g class="lut-{kind}-{layer.colour}{" lut-hollow" if layer.hollow else " lut-dot"}">'
    for rank, i in enumerate(seen):
        paint = "stroke" if layer.hollow else "fill"
        own = f' {paint}="{fills[i]}"' if fills is not None and fills[i] else ""
        place = f'<circle cx="{px(x[i])}" cy="{px(y[i])}" r="{radius}"{own}'
        title = write_title(layer.hover[i]) if layer.hover and rank < _MAX_TITLES else ""
        yield f"{place}>{title}</circle>" if title else f"{place}/>"
    yield "</g>"


def _write_crowd(layer: Dots, box: Box, x: Array, y: Array, seen: Index) -> Iterator[str]:
    """Dots that say nothing, those of one colour as one element."""
    level = np.full(len(x), -1)
    if layer.shade is not None and box.shades is not None:
        positions = shade_positions(box.shades, layer.shade)
        known = np.isfinite(positions)
        level[known] = np.rint(positions[known] * (_N_SHADES - 1))
    width = px(2 * layer.size)
    for of in np.unique(level[seen]):
        dots = "".join(f"M{px(x[i])} {px(y[i])}h0" for i in seen[level[seen] == of])
        paint = f'class="lut-s-{layer.colour} lut-dots"'
        if of >= 0:
            paint = f'class="lut-dots" stroke="{mix_colours([of / (_N_SHADES - 1)])[0]}"'
        yield f'<path {paint} stroke-width="{width}" d="{dots}"/>'


def _is_inside(x: Array, y: Array, box: Box) -> Mask:
    """Whether points are in the box, or so near that a part of their mark is."""
    inside = (x >= -9) & (x <= box.width + 9) & (y >= -9) & (y <= box.height + 9)
    return np.asarray(inside)


def _write_line(layer: Line, box: Box) -> Iterator[str]:
    x, y = box.x(layer.x), box.y(layer.y)
    if layer.steps and len(x) > 1:
        x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    path = _trace(x, y)
    if not path:
        return
    fills = None if layer.shade is None else _find_fills(box, np.array([layer.shade]))
    classes = "lut-line" + (" lut-faint" if layer.faint else "")
    if fills and fills[0]:
        paint = f'class="{classes}" stroke="{fills[0]}"'
    else:
        paint = f'class="{classes} lut-s-{layer.colour}"'
    dashes = ' stroke-dasharray="5 4"' if layer.dashed else ""
    yield f'<path {paint} stroke-width="{px(layer.width)}"{dashes} d="{path}"/>'


def _trace(x: Array, y: Array) -> str:
    """A path through points (k,), in pixels; NaN lifts the pen."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = np.clip(x, -1e4, 1e4), np.clip(y, -1e4, 1e4)
    parts = []
    down = False
    for i in range(len(x)):
        if known[i]:
            parts.append(f"{'L' if down else 'M'}{px(x[i])} {px(y[i])}")
        down = bool(known[i])
    return "".join(parts)


def _write_band(layer: Band, box: Box) -> Iterator[str]:
    x, low, high = box.x(layer.x), box.y(layer.low), box.y(layer.high)
    if layer.steps and len(x) > 1:
        x, low, high = np.repeat(x, 2)[1:], np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1]
    known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    path = ""
    for first, end in edges.reshape(-1, 2):
        around = np.concatenate([low[first:end], high[first:end][::-1]])
        path += _trace(np.concatenate([x[first:end], x[first:end][::-1]]), around) + "Z"
    if path:
        yield f'<path class="lut-f-{layer.colour} lut-band" d="{path}"/>'


def _write_bars(layer: Bars, box: Box) -> Iterator[str]:
    along, across = (box.x, box.y) if layer.horizontal else (box.y, box.x)
    start, end = along(layer.start), along(layer.end)
    side_a = across(layer.at - layer.width / 2)
    side_b = across(layer.at + layer.width / 2)
    known = np.isfinite(start) & np.isfinite(end) & np.isfinite(side_a) & np.isfinite(side_b)
    fills = _find_fills(box, layer.shade)
    kind = "lut-s-{} lut-hollow" if layer.hollow else "lut-f-{} lut-bar"
    yield f'<g class="{kind.format(layer.colour)}">'
    for rank, i in enumerate(np.flatnonzero(known)):
        a, b = sorted((start[i], end[i]))
        c, d = sorted((side_a[i], side_b[i]))
        a, b = max(a, -9.0), min(b, max(box.width, box.height) + 9.0)
        x, y, width, height = (a, c, b - a, d - c) if layer.horizontal else (c, a, d - c, b - a)
        own = f' fill="{fills[i]}"' if fills is not None and fills[i] else ""
        place = f'<rect x="{px(x)}" y="{px(y)}" width="{px(max(width, 0.5))}"'
        place += f' height="{px(max(height, 0.5))}"{own}'
        title = write_title(layer.hover[i]) if layer.hover and rank < _MAX_TITLES else ""
        yield f"{place}>{title}</rect>" if title else f"{place}/>"
    yield "</g>"
    if layer.interval is not None:
        yield from _write_intervals(layer, box)


def _write_intervals(layer: Bars, box: Box) -> Iterator[str]:
    """Whiskers over the ends of bars."""
    assert layer.interval is not None
    along, across = (box.x, box.y) if layer.horizontal else (box.y, box.x)
    low, high = along(layer.interval[:, 0]), along(layer.interval[:, 1])
    middle = across(layer.at)
    path = ""
    for a, b, m in zip(low, high, middle, strict=True):
        if np.isfinite(a) and np.isfinite(b):
            if layer.horizontal:
                path += f"M{px(a)} {px(m)}H{px(b)}M{px(a)} {px(m - 3)}v6M{px(b)} {px(m - 3)}v6"
            else:
                path += f"M{px(m)} {px(a)}V{px(b)}M{px(m - 3)} {px(a)}h6M{px(m - 3)} {px(b)}h6"
    if path:
        yield f'<path class="lut-s-ink lut-line" stroke-width="1.3" d="{path}"/>'


def _write_heat(layer: Heat, box: Box) -> Iterator[str]:
    """Cells of one shade as one element, and neighbours in a row as one rectangle."""
    if box.shades is None:
        return
    x, y = box.x(layer.x_edges).round(), box.y(layer.y_edges).round()
    positions = shade_positions(box.shades, layer.shade)
    level = np.where(np.isnan(positions), -1, np.rint(positions * (_N_SHADES - 1)))
    paths: dict[int, list[str]] = {}
    for row in range(level.shape[0]):
        top, bottom = sorted((y[row], y[row + 1]))
        changes = np.flatnonzero(np.diff(level[row])) + 1
        for first, end in zip([0, *changes], [*changes, level.shape[1]], strict=True):
            of = int(level[row, first])
            a, b = sorted((x[first], x[end]))
            if of >= 0 and np.isfinite(b - a) and np.isfinite(bottom - top):
                cell = f"M{px(a)} {px(top)}h{px(b - a)}v{px(bottom - top)}h-{px(b - a)}z"
                paths.setdefault(of, []).append(cell)
    shown = sorted(paths)
    for of, colour in zip(shown, mix_colours(np.array(shown) / (_N_SHADES - 1)), strict=True):
        yield f'<path fill="{colour}" shape-rendering="crispEdges" d="{"".join(paths[of])}"/>'


def _write_text(layer: Text, box: Box) -> str:
    x = float(box.x(np.array([layer.x]))[0])
    y = float(box.y(np.array([layer.y]))[0])
    if not np.isfinite(x + y):
        return ""
    anchor = {"left": "start", "middle": "middle", "right": "end"}[layer.align]
    place = f'x="{px(x)}" y="{px(y - layer.rise)}" text-anchor={quoteattr(anchor)}'
    text = escape(clean_text(layer.text))
    return f'<text class="lut-halo" {place} font-size="{px(FONT_SIZE)}">{text}</text>'
