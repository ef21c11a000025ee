"""Points that were tried more than once, and how far their values differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.repeated_points import Duplicates
from ...analysis.repeated_points import duplicates as find_duplicates
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS
from .points import describe_values, name_trials

_MAX_POINTS = 30
_MAX_TRIALS = 200  # of a point
_ROW_HEIGHT = 22.0  # pixels


@explain_arguments(OTHER_ARGUMENTS)
def duplicates(
    study: Source,
    *,
    objective: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the values of the points that were tried more than once.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial with a parameter has had a turn.
        StudyError: There is no such objective.
    """
    with open_source(study) as trials:
        figure = describe_duplicates(find_duplicates(trials.history, objective), log)
    return draw(figure, backend, theme)


def describe_duplicates(record: Duplicates, log: bool | None = None) -> Figure:
    """Return the figure of repeated points: a row each, with a dot for each value."""
    share = f"{100 * record.share:.3g} %"
    title = f"Trials that repeat a point: {record.n_repeats:,} of {record.n:,} ({share})"
    if not record.groups:
        return Figure(title=title, notes=("No point was tried twice.",))
    k = min(_MAX_POINTS, len(record.groups))
    numbers = [group[:_MAX_TRIALS] for group in record.groups[:k]]
    values = np.concatenate([v[:_MAX_TRIALS] for v in record.values[:k]])
    rows = np.repeat(np.arange(float(k)), [len(group) for group in numbers])
    has_value = ~np.isnan(values)
    notes: list[str] = []
    if k < record.n_groups:
        notes.append(f"The {k} most tried of {record.n_groups:,} repeated points.")
    if not np.isnan(record.noise):
        noise = format_number(record.noise, 3)
        notes.append(f"Values of one point differ by a standard deviation of {noise}.")
    if not has_value.any():
        return Figure(title=title, notes=(*notes, "No trial of them has a value."))

    x, more = describe_values(values[has_value], record.objective, log)
    dots = Dots(
        x=values[has_value],
        y=rows[has_value],
        hover=name_trials(np.concatenate(numbers)[has_value], values[has_value]),
    )
    names = tuple(f"trial {group[0]} ({len(group):,} times)" for group in record.groups[:k])
    y = PanelAxis(scale="category", categories=names, reverse=True)
    return Figure(
        title=title,
        panels=(Panel(layers=(dots,), x=x, y=y),),
        notes=(*notes, *more),
        height=40.0 + _ROW_HEIGHT * k,
    )
