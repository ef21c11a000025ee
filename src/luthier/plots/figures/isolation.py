"""The best value in each part of the range of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...analysis.best_by_range import Isolation
from ...analysis.best_by_range import isolation as find_isolation
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Layer, Line
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS
from .parameters import arrange_panels, choose_params, place_values
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
    panels, n_columns = arrange_panels([one.axis for one in record], [*map(_draw, record)], y)
    return Figure(
        title=f"Best {objective} in each part of a range ({direction})",
        panels=panels,
        n_columns=n_columns,
        notes=notes + more,
    )


def _draw(one: Isolation) -> tuple[Layer, ...]:
    """A step at the best of each part, and the trial that it is of."""
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
    return (
        Line(x=ends.ravel(), y=np.repeat(one.value, 3), width=3.0, label="best in this part"),
        Dots(x=middle[some], y=one.value[some], hover=tuple(hover), size=4.0),
    )
