"""A figure before it is drawn: panels of series, for any library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["markers", "lines", "both", "bars", "spans", "surface"]


@dataclass
class Series:
    """What is drawn with one name.

    Attributes:
        kind: How; "bars" lie, "spans" are bars from `start` on, "surface" is colored by `color`.
        x: Places.
        y: Places.
        name: In the legend; "" for none.
        color: A number for each point, or a word for all.
        start: Where spans begin.
        error: Half of the error bar of each point.
        texts: What is said of each point.
        scale_title: Of the scale of the colors; "" for none.
    """

    kind: Kind
    x: Sequence[Any]
    y: Sequence[Any]
    name: str = ""
    color: Any = None
    start: Sequence[Any] = ()
    error: Sequence[float] = ()
    texts: Sequence[str] = ()
    scale_title: str = ""


@dataclass
class Panel:
    """One pair of axes.

    Attributes:
        series: What is drawn.
        x_title: Of the axis.
        y_title: Of the axis.
        x_log: Whether the axis is logarithmic.
        y_log: Whether the axis is logarithmic.
        z_title: Of a third axis; None where there is none.
        x_ticks: Places and texts of the ticks; None for the library's.
    """

    series: list[Series] = field(default_factory=list)
    x_title: str = ""
    y_title: str = ""
    x_log: bool = False
    y_log: bool = False
    z_title: str | None = None
    x_ticks: tuple[list[float], list[str]] | None = None


@dataclass
class Picture:
    """A figure.

    Attributes:
        title: Above it.
        panels: In rows.
    """

    title: str
    panels: list[list[Panel]]
