"""How an objective depends on each parameter, by a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...analysis.fill_ins import Around
from ...analysis.partial_dependence import Effect
from ...analysis.partial_dependence import effects as find_effects
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Band, Dots, Figure, Layer, Line
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .parameters import arrange_panels, choose_params, place_values
from .points import describe_values
from .quality import say_quality

_MAX_PANELS = 12


@explain_arguments(OTHER_ARGUMENTS)
def effects(
    study: Source,
    params: Sequence[str] | None = None,
    *,
    objective: str | None = None,
    around: Around = "uniform",
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot how an objective depends on each parameter, with a band and single trials.

    Args:
        study: A study, or its history.
        params: Names; None for all, up to 12.
        objective: Name of one; None for the first.
        around: Where the other parameters are: "uniform", "good" or "best".
        where: Conditions on the trials that count: "layers >= 2".
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: The trials are too few for a model, or it does not predict them.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        names, notes = choose_params(trials.history, params, _MAX_PANELS)
        record = find_effects(trials.history, names, objective, around)
        figure = describe_effects(record, log, notes)
    return draw(figure, backend, theme)


def describe_effects(
    record: Sequence[Effect], log: bool | None = None, notes: tuple[str, ...] = ()
) -> Figure:
    """Return the figure of effects: a panel for each parameter.

    Args:
        record: One for each parameter.
        log: See `effects`.
        notes: Lines under it.
    """
    some = record[0]
    ends = np.concatenate([np.concatenate([one.mean, one.low, one.high]) for one in record])
    y, more = describe_values(ends, some.objective, log, complete=True)
    panels, n_columns = arrange_panels([one.axis for one in record], [*map(_draw, record)], y)
    notes += more
    notes += (
        f"Average over {some.n_fill_ins:,} settings of the others ({some.around}); bands: "
        f"{100 * some.level:g} % intervals.",
        say_quality(some.quality),
    )
    return Figure(
        title=f"Effect on {some.objective} ({some.direction})",
        panels=panels,
        n_columns=n_columns,
        notes=notes,
    )


def _draw(one: Effect) -> list[Layer]:
    """Single trials behind, the band, and the average in front; dots where there are choices."""
    x = place_values(one.axis, one.x)
    singles = np.concatenate([one.curves, np.full((len(one.curves), 1), np.nan)], axis=1)
    behind = Line(
        x=np.tile(np.append(x, np.nan), len(singles)),
        y=singles.ravel(),
        colour="grey",
        width=1.0,
        faint=True,
        label="single trials",
    )
    band = Band(x=x, low=one.low, high=one.high, label="interval")
    layers: list[Layer] = [behind, band, Line(x=x, y=one.mean, label="average", width=2.2)]
    if one.axis.choices:
        layers.append(Dots(x=x, y=one.mean, size=4.0))
    return layers
