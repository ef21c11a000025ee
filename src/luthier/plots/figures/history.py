"""The best value so far, over the values of all trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from ...analysis.best_so_far import Effort, Incumbent, Unvalued, incumbent
from ...argument_names import explain_arguments
from ...errors import StudyError
from ...typing import Array
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Layer, Line, Panel, PanelAxis
from ..look import SERIES, Theme
from ..source import Source, name_sources, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_points, describe_values, gather_values, shade_counts
from .states import STATE_COLOURS

_ROOM = 0.05  # of the axis, for trials without a value

EFFORTS = {
    "trial": PanelAxis(label="trial", whole=True),
    "time": PanelAxis(label="time since the start", scale="duration"),
    "cost": PanelAxis(label="cost so far"),
    "energy": PanelAxis(label="energy so far (kWh)"),
}


@explain_arguments(OTHER_ARGUMENTS)
def history(
    study: Source | Sequence[Source],
    *,
    objective: str | None = None,
    by: Effort = "trial",
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the best value so far, and the value of each trial.

    Args:
        study: A study, or its history; of several, only the best values so far are shown.
        objective: Name of one; None for the first.
        by: Along "trial", "time", "cost" or "energy".
        where: Conditions on the trials that count: "layers >= 2".
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value, or none noted what is counted.
        StudyError: There is no such objective, or directions differ.
        RuleError: `where` cannot be read.
    """
    records = {}
    for name, source in name_sources(study).items():
        with open_source(source, where) as trials:
            records[name] = incumbent(trials.history, objective, by, trials.rows_of)
    first, *others = records.values()
    figure = describe_histories(records, log) if others else describe_history(first, log)
    return draw(figure, backend, theme)


def describe_history(record: Incumbent, log: bool | None = None) -> Figure:
    """Return the figure of the best value so far; what has no value stands at the bottom."""
    points = record.points
    values = gather_values([points])
    y, notes = describe_values(values, record.objective, log, again=record.value)
    y, bottom = _make_room(y, values) if record.unvalued else (y, math.nan)
    layers: list[Layer] = [_mark_unvalued(some, bottom) for some in record.unvalued]
    layers += describe_points(points)
    if len(record.x):
        layers.append(
            Line(
                x=np.append(record.x, record.end),
                y=np.append(record.value, record.value[-1]),
                label="best so far",
                colour="orange",
                steps=True,
                width=2.2,
            )
        )
    else:
        notes += ("No trial is feasible.",)
    panel = Panel(layers=tuple(layers), x=EFFORTS[record.by], y=y)
    return Figure(
        title=f"Best {record.objective} so far ({record.direction})",
        panels=(panel,),
        shades=shade_counts([points.density]),
        notes=notes,
    )


def _make_room(y: PanelAxis, values: Array) -> tuple[PanelAxis, float]:
    """An axis with a row at its bottom, and where that is."""
    if y.low is None or y.high is None:  # there is one value
        finite = values[np.isfinite(values)]
        return y, float(finite[0]) if len(finite) else 0.0
    if y.scale == "log":
        rise = (y.high / y.low) ** _ROOM
        return replace(y, low=y.low / rise), y.low / rise**0.5
    room = _ROOM * (y.high - y.low)
    return replace(y, low=y.low - room), y.low - room / 2


def _mark_unvalued(some: Unvalued, bottom: float) -> Dots:
    """Dots for trials that ended without a value."""
    state = some.state.name.lower()
    return Dots(
        x=some.x,
        y=np.full(len(some.x), bottom),
        label=f"{state} ({some.n:,})",
        colour=STATE_COLOURS[some.state],
        size=2.2,
        hover=tuple(f"trial {number}: {state}" for number in some.number.tolist()),
    )


def describe_histories(records: Mapping[str, Incumbent], log: bool | None = None) -> Figure:
    """Return the figure of the best values so far of several studies: a line each.

    Raises:
        StudyError: They have different directions.
    """
    some = next(iter(records.values()))
    directions = {record.direction for record in records.values()}
    if len(directions) > 1:
        raise StudyError("the studies of one figure have one direction, got minimize and maximize")
    values = np.concatenate([record.value for record in records.values()])
    y, notes = describe_values(values, f"best {some.objective} so far", log, True)
    lines = tuple(
        Line(
            x=np.append(record.x, record.end),
            y=np.append(record.value, record.value[-1:]),
            label=name,
            colour=SERIES[i % len(SERIES)],
            dashed=i >= len(SERIES),
            steps=True,
        )
        for i, (name, record) in enumerate(records.items())
        if len(record.x)
    )
    return Figure(
        title=f"Best {some.objective} so far ({some.direction})",
        panels=(Panel(layers=lines, x=EFFORTS[some.by], y=y),),
        notes=notes,
    )
