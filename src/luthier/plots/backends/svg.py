"""SVG without any library: one element that a page, a notebook or a file can hold.

It has no script, no id, no style attribute and nothing from elsewhere. Its colours are classes, so
it is dark where the reader's system is, and light on paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ..figure import Figure, Panel, PanelAxis
from ..frame import Range
from ..layout import TURN, Key, Layout, Place, arrange
from ..look import DARK, FONT_SIZE, LIGHT, TITLE_SIZE, Look, Theme, mix_colours
from ..texts import clean_text, cut_text
from ..ticks import find_ticks
from .svg_layers import Box, px, write_layer, write_title

_FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
_SHAPES = (
    f".lut{{font-family:{_FONT};font-size:{FONT_SIZE:g}px}}"
    ".lut-line,.lut-axis{fill:none;stroke-linejoin:round}"
    ".lut-dots{fill:none;stroke-linecap:round;stroke-opacity:.75}"
    ".lut-dot{fill-opacity:.75}.lut-bar{fill-opacity:.9}"
    ".lut-band{fill-opacity:.22}.lut-faint{stroke-opacity:.3}"
    ".lut-halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
    ".lut-hollow{fill:none;stroke-width:1.4}"
    f".lut-title{{font-size:{TITLE_SIZE:g}px;font-weight:600}}"
)


def write_svg(figure: Figure, theme: Theme | None = None, style: bool = True) -> str:
    """Return a figure as an SVG element.

    Args:
        figure: What is drawn.
        theme: "light" or "dark"; None for what the reader's system shows.
        style: Whether the element brings its style; a page that has `write_style` in its own needs
            it only once.
    """
    layout = arrange(figure)
    width, height = px(layout.width), px(layout.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lut" role="img" '
        f'aria-label={quoteattr(clean_text(figure.title))} viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">',
        write_title(figure.title),
    ]
    if style:
        parts.append(f"<style>{write_style(theme)}</style>")
    parts.append(f'<rect class="lut-paper" width="{width}" height="{height}"/>')
    parts += _write_words(layout)
    for panel, place in zip(figure.panels, layout.places, strict=True):
        parts += _write_panel(panel, place, figure)
    if figure.shades is not None and layout.bar is not None:
        parts += _write_bar(figure, *layout.bar)
    parts.append("</svg>")
    return "".join(parts)


def write_style(theme: Theme | None = None) -> str:
    """Return the style sheet that all figures share.

    Args:
        theme: "light" or "dark"; None for what the reader's system shows.
    """
    if theme is None:
        dark = f"@media screen and (prefers-color-scheme:dark){{{_paint(DARK)}}}"
        return _SHAPES + _paint(LIGHT) + dark
    return _SHAPES + _paint(DARK if theme == "dark" else LIGHT)


def _paint(look: Look) -> str:
    """The rules of one theme."""
    rules = [
        f".lut{{fill:{look.ink}}}.lut-paper{{fill:{look.background}}}",
        f".lut-halo{{stroke:{look.background}}}.lut-grid{{stroke:{look.grid};fill:none}}.lut-axis{{stroke:{look.ink}}}",
    ]
    for name, colour in look.colours.items():
        rules.append(f".lut-f-{name}{{fill:{colour}}}.lut-s-{name}{{stroke:{colour}}}")
    return "".join(rules)


def _write_words(layout: Layout) -> Iterator[str]:
    """Title, legend and notes."""
    yield f'<text class="lut-title" x="12" y="29">{escape(layout.title)}</text>'
    for key in layout.legend:
        yield from _write_key(key)
    for i, line in enumerate(layout.notes):
        y = layout.notes_top + 12 + 16 * i
        yield f'<text x="12" y="{px(y)}" font-size="{px(FONT_SIZE - 1)}">{escape(line)}</text>'


def _write_key(key: Key) -> Iterator[str]:
    """One word of the legend, with its mark."""
    x, y = key.x, key.y
    if key.kind == "Line":
        dashes = ' stroke-dasharray="5 4"' if key.dashed else ""
        yield (
            f'<path class="lut-line lut-s-{key.colour}" stroke-width="2"{dashes} '
            f'd="M{px(x)} {px(y)}h20"/>'
        )
    elif key.kind == "Dots":
        kind = f"lut-s-{key.colour} lut-hollow" if key.hollow else f"lut-f-{key.colour}"
        yield f'<circle class="{kind}" cx="{px(x + 10)}" cy="{px(y)}" r="4"/>'
    else:
        kind = "lut-band" if key.kind == "Band" else "lut-bar"
        kind = f"lut-s-{key.colour} lut-hollow" if key.hollow else f"lut-f-{key.colour} {kind}"
        yield f'<rect class="{kind}" x="{px(x)}" y="{px(y - 5)}" width="20" height="10"/>'
    yield f'<text x="{px(x + 26)}" y="{px(y + 4)}">{escape(key.label)}</text>'


def _write_panel(panel: Panel, place: Place, figure: Figure) -> Iterator[str]:
    left, top, width, height = place.left, place.top, place.width, place.height
    box = Box(left, top, width, height, place.frame, figure.shades)
    x_ticks = place.frame.x.place([t.value for t in place.x_ticks]) * width
    y_ticks = (1 - place.frame.y.place([t.value for t in place.y_ticks])) * height
    grid = "".join(f"M{px(left + x)} {px(top)}v{px(height)}" for x in x_ticks)
    grid += "".join(f"M{px(left)} {px(top + y)}h{px(width)}" for y in y_ticks)
    yield f'<path class="lut-grid" d="{grid}"/>'
    # An inner svg clips what it holds, and needs no id that a page could have twice.
    yield f'<svg x="{px(left)}" y="{px(top)}" width="{px(width)}" height="{px(height)}">'
    for layer in panel.layers:
        yield from write_layer(layer, box)
    yield "</svg>"
    yield f'<path class="lut-axis" d="M{px(left)} {px(top)}v{px(height)}h{px(width)}"/>'

    for tick, y in zip(place.y_ticks, y_ticks, strict=True):
        at = f'x="{px(left - 6)}" y="{px(top + y + 4)}" text-anchor="end"'
        yield f"<text {at}>{escape(tick.label)}</text>"
    foot = top + height + 16
    for tick, x in zip(place.x_ticks, x_ticks, strict=True):
        at = f'x="{px(left + x)}" y="{px(foot)}" text-anchor="middle"'
        if place.turned:
            spot = f"{px(left + x + 4)} {px(foot - 2)}"
            at = f'transform="translate({spot}) rotate(-{px(TURN)})" text-anchor="end"'
        yield f"<text {at}>{escape(tick.label)}</text>"
    yield from _write_labels(panel, place)


def _write_labels(panel: Panel, place: Place) -> Iterator[str]:
    """What the axes are, and the title of the panel."""
    left, top, width, height = place.left, place.top, place.width, place.height
    if panel.x.label:
        label = escape(cut_text(panel.x.label, width + 20, FONT_SIZE))
        at = f'x="{px(left + width / 2)}" y="{px(top + height + place.foot)}"'
        yield f'<text {at} text-anchor="middle">{label}</text>'
    if panel.y.label:
        label = escape(cut_text(panel.y.label, height, FONT_SIZE))
        spot = f"{px(place.side)} {px(top + height / 2)}"
        yield f'<text transform="translate({spot}) rotate(-90)" text-anchor="middle">{label}</text>'
    if panel.title:
        label = escape(cut_text(panel.title, width, FONT_SIZE, bold=True))
        yield f'<text x="{px(left)}" y="{px(top - 7)}" font-weight="600">{label}</text>'


def _write_bar(figure: Figure, left: float, top: float, height: float) -> Iterator[str]:
    """The colour bar with its ticks."""
    shades = figure.shades
    assert shades is not None
    n = 24
    for i, colour in enumerate(mix_colours((np.arange(n) + 0.5) / n)):
        y = top + height * (1 - (i + 1) / n)
        yield (
            f'<rect fill="{colour}" x="{px(left)}" y="{px(y)}" width="12" '
            f'height="{px(height / n + 0.5)}"/>'
        )
    axis = PanelAxis(scale="log" if shades.log else "linear")
    shown = Range(axis, shades.low, shades.high)
    if shades.high > shades.low:
        ticks = find_ticks(axis, shades.low, shades.high, max(2, int(height / 45)))
        places = shown.place([t.value for t in ticks])
        for tick, at in zip(ticks, places, strict=True):
            y = top + height * (1 - at)
            label = escape(cut_text(tick.label, 50, FONT_SIZE))
            yield f'<text x="{px(left + 16)}" y="{px(y + 4)}">{label}</text>'
    label = escape(cut_text(shades.label, height, FONT_SIZE))
    spot = f"{px(left - 6)} {px(top + height / 2)}"
    yield f'<text transform="translate({spot}) rotate(-90)" text-anchor="middle">{label}</text>'
