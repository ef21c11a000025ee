"""Layout of a figure in pixels: where title, legend, panels, colour bar and notes stand."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from .figure import Colour, Figure, Panel, PanelAxis, Text, Tick
from .frame import Frame, Range, find_frame
from .look import FONT_SIZE, TITLE_SIZE
from .texts import cut_text, measure_text
from .ticks import find_ticks

_WIDTH = 720.0  # of a figure
_LEAST_WIDTH = 260.0  # of a panel; figures of many columns are wider
_HEIGHT = 340.0  # of one panel alone
_ASPECT = 0.78  # height of a panel by its width, where there are several
_RIGHT = 12.0  # of nothing beside a panel
_EDGE = 12.0  # of nothing around everything
_LINE = 18.0  # height of a line of text
_TITLE_LINE = 30.0
_BAR_WIDTH = 78.0  # of the colour bar with its labels
_MAX_LABEL = 190.0  # width of a tick label
_MAX_TURNED = 90.0  # width of a label that is turned
_GAP = 14.0  # between two tick labels
_SWATCH = 26.0  # in front of a word of the legend
TURN = 38.0  # degrees by which long labels are turned


class Key(NamedTuple):
    """One word of the legend."""

    label: str
    kind: str  # the name of the layer's class
    colour: Colour
    hollow: bool
    dashed: bool
    x: float
    y: float


class Place(NamedTuple):
    """Where one panel is.

    Attributes:
        left: Of the box in which values stand.
        top: Of the same.
        width: Of the same.
        height: Of the same.
        frame: What its axes show.
        x_ticks: Their labels are cut so that they fit.
        y_ticks: The same.
        turned: Whether the labels of the x axis are turned.
        side: Where the label of the y axis stands, from the left of the figure.
        foot: Where the label of the x axis stands, below the box.
    """

    left: float
    top: float
    width: float
    height: float
    frame: Frame
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    turned: bool
    side: float
    foot: float


class Layout(NamedTuple):
    """Where everything stands.

    Attributes:
        width: Of the figure.
        height: Of the figure.
        title: As it is shown.
        legend: Its words.
        places: One for each panel.
        bar: (left, top, height) of the colour bar; None without one.
        notes_top: Where the notes begin.
        notes: Their lines.
    """

    width: float
    height: float
    title: str
    legend: list[Key]
    places: list[Place]
    bar: tuple[float, float, float] | None
    notes_top: float
    notes: list[str]


class _Room(NamedTuple):
    """Room that the labels of one panel need beside its box."""

    left: float
    bottom: float
    turned: bool


def arrange(figure: Figure) -> Layout:
    """Return where everything of a figure stands."""
    n_columns = max(1, min(figure.n_columns, len(figure.panels) or 1))
    width = max(_WIDTH, _LEAST_WIDTH * n_columns + (_BAR_WIDTH if figure.shades else 0.0))
    inner = width - 2 * _EDGE
    legend, legend_height = _arrange_legend(figure, inner)
    top = _EDGE + _TITLE_LINE + legend_height

    cell = (inner - (_BAR_WIDTH if figure.shades else 0.0)) / n_columns
    height = figure.height or (_HEIGHT if n_columns == 1 else max(170.0, cell * _ASPECT))
    places, bottom = _place_panels(figure, n_columns, cell, height, top)
    bar = None
    if figure.shades and places:
        last = places[-1]
        bar_height = min(last.top + last.height - places[0].top, 300.0)
        bar = (width - _EDGE - _BAR_WIDTH + 20.0, places[0].top, bar_height)
    notes = [line for note in figure.notes for line in wrap(note, inner, FONT_SIZE - 1)]
    total = bottom + len(notes) * (_LINE - 2) + _EDGE
    title = cut_text(figure.title, inner, TITLE_SIZE, bold=True)
    return Layout(width, total, title, legend, places, bar, bottom + 6.0, notes)


def _arrange_legend(figure: Figure, width: float) -> tuple[list[Key], float]:
    """The words of the legend, line by line, and its height."""
    keys: dict[tuple[object, ...], Key] = {}
    x, y = _EDGE, _EDGE + _TITLE_LINE + 10.0
    for layer in (layer for panel in figure.panels for layer in panel.layers):
        label = "" if isinstance(layer, Text) else getattr(layer, "label", "")
        if not label:
            continue
        label = cut_text(label, 240.0, FONT_SIZE)
        hollow, dashed = getattr(layer, "hollow", False), getattr(layer, "dashed", False)
        colour: Colour = getattr(layer, "colour", "grey")
        kind = type(layer).__name__
        if (label, kind, colour, hollow) in keys:
            continue
        room = _SWATCH + measure_text(label, FONT_SIZE) + 18.0
        if x + room > width and x > _EDGE:
            x, y = _EDGE, y + _LINE
        keys[label, kind, colour, hollow] = Key(label, kind, colour, hollow, dashed, x, y)
        x += room
    return list(keys.values()), (y - _EDGE - _TITLE_LINE + _LINE - 4.0) if keys else 0.0


def _place_panels(
    figure: Figure, n_columns: int, cell: float, height: float, top: float
) -> tuple[list[Place], float]:
    """Where the panels stand, row by row, and where they end."""
    frames = [find_frame(panel) for panel in figure.panels]
    rooms = [
        _find_room(panel, frame, cell, height)
        for panel, frame in zip(figure.panels, frames, strict=True)
    ]
    header = _LINE + 4.0 if any(panel.title for panel in figure.panels) else 8.0
    places: list[Place] = []
    for first in range(0, len(frames), n_columns):
        of_row = range(first, min(first + n_columns, len(frames)))
        bottom = max(rooms[i].bottom for i in of_row)
        for i in of_row:
            frame, turned = frames[i], rooms[i].turned
            left = max(room.left for room in rooms[i % n_columns :: n_columns])
            side = _EDGE + (i - first) * cell
            width = cell - left - _RIGHT
            x_ticks = fit_ticks(frame.x, width, turned)
            y_ticks = _stack_ticks(frame.y, height, cell)
            places.append(
                Place(
                    left=side + left,
                    top=top + header,
                    width=width,
                    height=height,
                    frame=frame,
                    x_ticks=x_ticks,
                    y_ticks=y_ticks,
                    turned=turned,
                    side=side + 13.0,
                    foot=rooms[i].bottom - 8.0,
                )
            )
        top += header + height + bottom
    return places, top if places else top + 40.0


def _find_room(panel: Panel, frame: Frame, cell: float, height: float) -> _Room:
    """Room for the labels of one panel, and whether those of its x axis are turned."""
    widest = max(
        (measure_text(t.label, FONT_SIZE) for t in _stack_ticks(frame.y, height, cell)), default=0.0
    )
    left = widest + 10.0 + (_LINE if panel.y.label else 0.0)
    names = _named(frame.x)
    labels = [cut_text(t.label, _MAX_TURNED, FONT_SIZE) for t in names]
    apart = (cell - left - _RIGHT) / max(1, len(labels))
    longest = max((measure_text(label, FONT_SIZE) for label in labels), default=0.0)
    turned = longest + _GAP / 2 > apart
    if turned:  # the first label reaches to the left of its tick
        left = max(left, longest * math.cos(math.radians(TURN)) - apart / 2)
    depth = longest * math.sin(math.radians(TURN)) + _LINE if turned else _LINE
    return _Room(left, 10.0 + depth + (_LINE if panel.x.label else 0.0), turned)


def _named(shown: Range) -> list[Tick]:
    """Ticks with names of the user's, which may be long."""
    axis = shown.axis
    return find_ticks(axis, shown.low, shown.high, 60) if _has_names(axis) else []


def _has_names(axis: PanelAxis) -> bool:
    return axis.scale == "category" or axis.marks is not None


def fit_ticks(shown: Range, width: float, turned: bool) -> list[Tick]:
    """Return the ticks of an x axis, so few that their labels do not touch."""
    axis = shown.axis
    if _has_names(axis):
        most = _MAX_TURNED if turned else width / max(1, len(_named(shown)))
        ticks = find_ticks(axis, shown.low, shown.high, int(width / (16.0 if turned else 24.0)))
        return [Tick(t.value, cut_text(t.label, most, FONT_SIZE)) for t in ticks]
    for n in range(max(2, int(width / 36.0)), 1, -1):
        ticks = find_ticks(axis, shown.low, shown.high, n)
        at = shown.place([t.value for t in ticks]) * width
        halves = [measure_text(t.label, FONT_SIZE) / 2 for t in ticks]
        needed = [a + b + _GAP for a, b in itertools.pairwise(halves)]
        apart = [abs(b - a) for a, b in itertools.pairwise(at)]
        if all(a >= b for a, b in zip(apart, needed, strict=True)):
            return ticks
    return ticks[:1]


def _stack_ticks(shown: Range, height: float, cell: float) -> list[Tick]:
    """The ticks of a y axis; names are cut so that they leave room for the box."""
    if not _has_names(shown.axis):
        return find_ticks(shown.axis, shown.low, shown.high, int(height / 40.0))
    ticks = find_ticks(shown.axis, shown.low, shown.high, int(height / 15.0))
    most = min(_MAX_LABEL, cell * 0.35)
    return [Tick(t.value, cut_text(t.label, most, FONT_SIZE)) for t in ticks]


def wrap(text: str, width: float, size: float) -> list[str]:
    """Return a text as lines that fit a width in pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and measure_text(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [cut_text(line, width, size) for line in lines]
