"""Values against one parameter at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...analysis.one_parameter import Slice
from ...analysis.one_parameter import slices as find_slices
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Figure, Layer
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .parameters import arrange_panels, choose_params, place_values
from .points import (
    describe_points,
    describe_values,
    find_best,
    gather_values,
    mark_best,
    shade_counts,
)

_MAX_PANELS = 12


@explain_arguments(OTHER_ARGUMENTS)
def slices(
    study: Source,
    params: Sequence[str] | None = None,
    *,
    objective: str | None = None,
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the values of trials against each parameter.

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
        record = find_slices(trials.history, names, objective)
        figure = describe_slices(record, log, notes)
    return draw(figure, backend, theme)


def describe_slices(
    record: Sequence[Slice], log: bool | None = None, notes: tuple[str, ...] = ()
) -> Figure:
    """Return the figure of values against parameters.

    Args:
        record: One for each parameter.
        log: See `slices`.
        notes: Lines under it.
    """
    objective, direction = record[0].objective, record[0].direction
    y, more = describe_values(gather_values([one.points for one in record]), objective, log)
    panels, n_columns = arrange_panels([one.axis for one in record], [*map(_draw, record)], y)
    inactive = [f"{one.axis.name}: {one.n_inactive:,}" for one in record if one.n_inactive]
    if inactive:
        more += (f"Trials in which a parameter is not active: {', '.join(inactive)}.",)
    return Figure(
        title=f"{objective} by parameter ({direction})",
        panels=panels,
        n_columns=n_columns,
        shades=shade_counts([one.points.density for one in record]),
        notes=notes + more,
    )


def _draw(one: Slice) -> list[Layer]:
    """The trials, with the best of them on top."""
    place = partial(place_values, one.axis)
    layers = describe_points(one.points, place)
    best = find_best(one.points, one.direction)
    if best is not None:
        layers.append(mark_best(one.points, best, place))
    return layers
