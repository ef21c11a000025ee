"""Trials as lines across parallel axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...analysis.axes import Axis
from ...analysis.parallel_lines import Parallel
from ...analysis.parallel_lines import parallel as find_parallel
from ...analysis.points import divide_values
from ...argument_names import explain_arguments
from ...typing import Array, Mask
from ..drawing import Backend, draw
from ..figure import Figure, Layer, Line, Panel, PanelAxis, Shades, Text, Tick
from ..frame import LARGEST
from ..look import FONT_SIZE, Theme
from ..source import Source, open_source
from ..texts import cut_text
from ..ticks import format_number
from .names import OTHER_ARGUMENTS
from .parameters import choose_params

_MAX_AXES = 12
_INACTIVE = -0.2  # place on an axis of params that are not active
_WIDTH = 560.0  # pixels of all axes together, where a figure has one panel
_LEAST_WORD = 50.0  # pixels
_MAX_CHOICES = 12  # that are named beside an axis
_N_COLOURS = 12


@explain_arguments(OTHER_ARGUMENTS)
def parallel(
    study: Source,
    params: Sequence[str] | None = None,
    *,
    objective: str | None = None,
    where: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot trials as lines across parallel axes, the best on top.

    Args:
        study: A study, or its history.
        params: Names, in the order of the axes; None for all, up to 12.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        names, notes = choose_params(trials.history, params, _MAX_AXES)
        record = find_parallel(trials.history, names, objective)
        figure = describe_parallel(record, notes)
    return draw(figure, backend, theme)


def describe_parallel(record: Parallel, notes: tuple[str, ...] = ()) -> Figure:
    """Return the figure of lines.

    Args:
        record: The trials.
        notes: Lines under it.
    """
    d = len(record.axes)
    edges = np.clip(divide_values(record.value), -LARGEST, LARGEST)
    low, high = float(edges[0]), float(edges[-1])
    # The values stand on the last axis, those beyond its ends at them.
    at = (np.clip(record.value, low, high) - low) / (high - low)
    inactive = np.isnan(record.position)
    known = np.where(inactive, _INACTIVE, record.position)
    position = np.concatenate([known, at[:, None]], axis=1)
    level = np.minimum((at * _N_COLOURS).astype(int), _N_COLOURS - 1)

    layers: list[Layer] = []
    worst_first = range(_N_COLOURS)
    if record.direction == "minimize":
        worst_first = worst_first[::-1]
    for k in worst_first:
        of = record.feasible & (level == k)
        if of.any():
            shade = low + (k + 0.5) / _N_COLOURS * (high - low)
            layers.append(_join_lines(position, of, shade=shade))
    if not record.feasible.all():
        hidden = _join_lines(
            position, ~record.feasible, label="infeasible", dashed=True, colour="grey"
        )
        layers.insert(0, hidden)
    layers += [text for j, axis in enumerate(record.axes) for text in _name_ends(j, axis, d)]
    bottom = -0.1
    if inactive.any():
        layers.append(Text(x=-0.45, y=_INACTIVE, text="not active", align="left", rise=-4.0))
        bottom = _INACTIVE - 0.08
    layers += _write_pair(d, format_number(low, 4), format_number(high, 4))

    names = [axis.name for axis in record.axes]
    marks = tuple(Tick(float(j), name) for j, name in enumerate([*names, record.objective]))
    if len(record.number) < record.n:
        notes += (f"{len(record.number):,} of {record.n:,} trials: the best and a sample.",)
    panel = Panel(
        layers=tuple(layers),
        x=PanelAxis(marks=marks, low=-0.5, high=d + 0.5),
        y=PanelAxis(marks=(), low=bottom, high=1.1),
    )
    return Figure(
        title=f"Trials by parameter and {record.objective} ({record.direction})",
        panels=(panel,),
        shades=Shades(label=record.objective, low=low, high=high),
        notes=notes,
    )


def _join_lines(position: Array, of: Mask, **look: Any) -> Line:
    """Some of the trials as one layer; the pen is lifted after each."""
    k, d = position[of].shape
    x = np.tile(np.append(np.arange(d, dtype=np.float64), np.nan), k)
    y = np.concatenate([position[of], np.full((k, 1), np.nan)], axis=1).ravel()
    return Line(x=x, y=y, width=1.2, **look)


def _name_ends(j: int, axis: Axis, d: int) -> list[Text]:
    """What the ends of an axis are, or each choice on it, no longer than to the next of d."""
    if not axis.choices:
        return _write_pair(j, format_number(axis.low, 4), format_number(axis.high, 4))
    if len(axis.choices) > _MAX_CHOICES:
        return _write_pair(j, axis.choices[0], axis.choices[-1])
    places = axis.position(np.arange(len(axis.choices), dtype=np.float64))
    return [
        Text(
            x=j + 0.04,
            y=float(y),
            text=cut_text(choice, max(_WIDTH / (d + 1), _LEAST_WORD), FONT_SIZE),
            align="left",
            rise=-4.0,
        )
        for y, choice in zip(places, axis.choices, strict=True)
    ]


def _write_pair(j: int, low: str, high: str) -> list[Text]:
    """The smallest value below an axis, the largest above it."""
    return [
        Text(x=float(j), y=0.0, text=low, rise=-16.0),
        Text(x=float(j), y=1.0, text=high, rise=7.0),
    ]
