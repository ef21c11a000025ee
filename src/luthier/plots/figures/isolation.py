"""The best value in each part of the range of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from ...analysis.best_by_range import Isolation
from ...analysis.best_by_range import isolation as find_isolation
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Line, Panel
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS
from .parameters import choose_params, describe_axis, find_columns, place_values
from .points import describe_values

_MAX_PANELS = 12


@explain_arguments(OTHER_ARGUMENTS)
def isolation(
    study: Source,
    params: Sequence[str] | None = None,
    *,
    objective: str | None = None,
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the best value that each tenth of a parameter's range has come to.

    Args:
        study: A study, or its history.
        params: Names; None for all, up to 12.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        names, notes = choose_params(trials.history, params, _MAX_PANELS)
        record = find_isolation(trials.history, names, objective)
        figure = describe_isolation(record, log, notes)
    return draw(figure, backend, theme)


def describe_isolation(
    record: Sequence[Isolation], log: bool | None = None, notes: tuple[str, ...] = ()
) -> Figure:
    """Return the figure of best values by range.

    Args:
        record: One for each parameter.
        log: See `isolation`.
        notes: Lines under it.
    """
    objective, direction = record[0].objective, record[0].direction
    values = np.concatenate([one.value[one.number >= 0] for one in record])
    y, more = describe_values(values, objective, log, True)
    n_columns = find_columns(len(record))
    panels = []
    for i, one in enumerate(record):
        edges = place_values(one.axis, one.edges)
        ends = np.stack([edges[:-1], edges[1:], np.full(len(one.value), np.nan)], axis=1)
        some = one.number >= 0
        middle = (
            np.sqrt(edges[:-1] * edges[1:])
            if one.axis.scale == "log"
            else ((edges[:-1] + edges[1:]) / 2)
        )
        hover = [
            f"trial {number}: {format_number(value)}, best of {count:,}"
            for number, value, count in zip(
                one.number[some].tolist(),
                one.value[some].tolist(),
                one.counts[some].tolist(),
                strict=True,
            )
        ]
        layers = (
            Line(x=ends.ravel(), y=np.repeat(one.value, 3), width=3.0, label="best in this part"),
            Dots(x=middle[some], y=one.value[some], hover=tuple(hover), size=4.0),
        )
        shown = y if i % n_columns == 0 else replace(y, label="")
        panels.append(Panel(layers=layers, x=describe_axis(one.axis), y=shown))
    return Figure(
        title=f"Best {objective} in each part of a range ({direction})",
        panels=tuple(panels),
        n_columns=n_columns,
        notes=notes + more,
    )
