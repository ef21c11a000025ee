"""Description of a figure that no back end owns: panels, their layers and axes, as plain data.

A back end turns it into marks. Values are in the user's unit; a back end knows what a logarithm is.
What is not finite, or not positive on a log axis, has no place and is left out by every back end.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from ..typing import Array

Colour = Literal["blue", "orange", "green", "red", "purple", "sky", "grey", "ink"]
Scale = Literal["linear", "log", "category", "time", "duration"]


class Tick(NamedTuple):
    """A place on an axis, and what stands there."""

    value: float
    label: str


class PanelAxis(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One axis of a panel.

    Attributes:
        label: What is measured, and its unit.
        scale: "category" has one place for each of `categories`, 0, 1, 2, ...; "time" is in seconds
            since 1970, shown in UTC; "duration" is in seconds.
        categories: Names of the places, on a category axis.
        marks: Ticks that stand in place of round numbers; None for these.
        whole: Whether only whole numbers make sense, so that no tick stands between them.
        low: Where the axis begins; None for where the data do.
        high: Where it ends.
        reverse: Whether it runs from the top down, or from right to left.
    """

    label: str = ""
    scale: Scale = "linear"
    categories: tuple[str, ...] = ()
    marks: tuple[Tick, ...] | None = None
    whole: bool = False
    low: float | None = None
    high: float | None = None
    reverse: bool = False


class Dots(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Dots, one mark each.

    Attributes:
        x: (k,) places.
        y: (k,)
        label: In the legend; "" for none.
        colour: Of all of them, unless there are shades.
        shade: (k,) values on the colour bar of the figure.
        hollow: Whether only their outline is drawn: what breaks a constraint.
        size: Radius in pixels.
        hover: (k,) what each says when it is pointed at; empty for nothing.
    """

    x: Array
    y: Array
    label: str = ""
    colour: Colour = "blue"
    shade: Array | None = None
    hollow: bool = False
    size: float = 3.0
    hover: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A line through points in their order; NaN lifts the pen, so one layer holds many lines.

    Attributes:
        x: (k,) places.
        y: (k,)
        label: In the legend; "" for none.
        colour: Of the line, unless it has a shade.
        shade: A value on the colour bar of the figure.
        width: In pixels.
        dashed: Rather than solid.
        steps: Whether a value holds until the next one, as that of an incumbent does.
        faint: Whether it stands behind others, half seen through.
    """

    x: Array
    y: Array
    label: str = ""
    colour: Colour = "blue"
    shade: float | None = None
    width: float = 1.8
    dashed: bool = False
    steps: bool = False
    faint: bool = False


class Band(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The area between two lines; places where one of them is NaN are left out.

    Attributes:
        x: (k,) places, increasing.
        low: (k,) lower edge.
        high: (k,) upper edge.
        label: In the legend; "" for none.
        colour: Of the area, half seen through.
        steps: Whether the edges hold until the next place.
    """

    x: Array
    low: Array
    high: Array
    label: str = ""
    colour: Colour = "blue"
    steps: bool = False


class Bars(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Bars, each from a start to an end.

    Attributes:
        at: (k,) places on the other axis.
        start: (k,) where they begin.
        end: (k,) where they end.
        horizontal: Whether they run along x.
        width: Of a bar, in units of the other axis.
        label: In the legend; "" for none.
        colour: Of all of them, unless there are shades.
        shade: (k,) values on the colour bar of the figure.
        hollow: Whether only their outline is drawn.
        interval: (k, 2) ends of an interval that is drawn over the end of each; NaN for none.
        hover: (k,) what each says when it is pointed at; empty for nothing.
    """

    at: Array
    start: Array
    end: Array
    horizontal: bool = False
    width: float = 0.7
    label: str = ""
    colour: Colour = "blue"
    shade: Array | None = None
    hollow: bool = False
    interval: Array | None = None
    hover: tuple[str, ...] = ()


class Heat(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Coloured cells of a grid.

    Attributes:
        x_edges: (k + 1,) edges of the columns, increasing.
        y_edges: (l + 1,) edges of the rows, increasing.
        shade: (l, k) values on the colour bar of the figure; NaN leaves a cell empty.
    """

    x_edges: Array
    y_edges: Array
    shade: Array


class Text(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A word at a place.

    Attributes:
        x: The place.
        y: The place.
        text: What stands there.
        align: Which part of the text is at the place.
        rise: By how many pixels it is moved up.
    """

    x: float
    y: float
    text: str
    align: Literal["left", "middle", "right"] = "middle"
    rise: float = 0.0


Layer = Dots | Line | Band | Bars | Heat | Text


class Panel(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One pair of axes with what is drawn on it, the first layer at the back."""

    layers: tuple[Layer, ...]
    x: PanelAxis
    y: PanelAxis
    title: str = ""


class Shades(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The colour bar that all panels share.

    Attributes:
        label: What the colours mean.
        low: The value of the first colour.
        high: The value of the last.
        log: Whether colours are even on a log scale.
    """

    label: str
    low: float
    high: float
    log: bool = False


class Figure(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a figure shows.

    Attributes:
        title: One line over it.
        panels: Row by row. None where there is nothing to show, and `notes` say why.
        n_columns: How many panels stand side by side.
        shades: The colour bar; None where nothing is coloured by a value.
        notes: Lines under it: what was left out, how good a model is.
        height: Of one panel, in pixels; None for the usual.
    """

    title: str
    panels: tuple[Panel, ...] = ()
    n_columns: int = 1
    shades: Shades | None = None
    notes: tuple[str, ...] = ()
    height: float | None = None
