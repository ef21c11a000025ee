"""What trials reported, with forecasts of those that are not complete."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.reported_curves import Bands, Curves, Fan
from ...analysis.reported_curves import curves as find_curves
from ...argument_names import explain_arguments
from ...typing import Index
from ..drawing import Backend, draw
from ..figure import Band, Colour, Figure, Layer, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values
from .states import STATE_COLOURS

_MANY = 30  # curves beyond which they are faint


@explain_arguments(OTHER_ARGUMENTS)
def curves(
    study: Source,
    *,
    objective: str | None = None,
    n_fans: int = 3,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot what trials reported, step by step.

    Above 200 trials, the best hundred and a sample stand over quantiles of all.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        n_fans: For how many of the best trials that are not complete a forecast is drawn.
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has reported anything.
        StudyError: There is no such objective.
    """
    with open_source(study) as trials:
        figure = describe_curves(find_curves(trials.history, objective, n_fans), log)
    return draw(figure, backend, theme)


def describe_curves(record: Curves, log: bool | None = None) -> Figure:
    """Return the figure of curves: quantiles behind, forecasts in front."""
    y, notes = describe_values(record.value, record.objective, log)
    layers: list[Layer] = [] if record.bands is None else _describe_bands(record.bands)
    for state, colour in STATE_COLOURS.items():
        of = np.flatnonzero(record.state == state)
        if len(of):
            layers.append(_join_curves(record, of, colour, state.name.lower()))
    for fan in record.fans:
        layers += _describe_fan(fan)
    if len(record.number) < record.n:
        shown = f"{len(record.number):,} of {record.n:,} curves: the best and a sample."
        notes += (shown,)
    whole = bool((record.step % 1 == 0).all())
    panel = Panel(layers=tuple(layers), x=PanelAxis(label="step", whole=whole), y=y)
    return Figure(
        title=f"Reported {record.objective} ({record.direction})", panels=(panel,), notes=notes
    )


def _join_curves(record: Curves, of: Index, colour: Colour, label: str) -> Line:
    """Curves of one state as one layer; the pen is lifted after each."""
    nan = np.array([np.nan])
    parts = [slice(record.begin[i], record.begin[i + 1]) for i in of]
    return Line(
        x=np.concatenate([part for at in parts for part in (record.step[at], nan)]),
        y=np.concatenate([part for at in parts for part in (record.value[at], nan)]),
        colour=colour,
        label=label,
        width=1.2,
        faint=len(record.number) > _MANY,
    )


def _describe_bands(bands: Bands) -> list[Layer]:
    """Between which values nine tenths and half of all curves run, and their median."""
    least, low, middle, high, most = bands.value
    return [
        Band(x=bands.step, low=least, high=most, colour="grey", label="90 % of all"),
        Band(x=bands.step, low=low, high=high, colour="grey", label="half of all"),
        Line(x=bands.step, y=middle, colour="ink", label="median of all"),
    ]


def _describe_fan(fan: Fan) -> list[Layer]:
    """One forecast: the widest interval at the back."""
    bands: list[Layer] = [
        Band(x=fan.step, low=fan.low[k], high=fan.high[k], colour="purple", label="forecast")
        for k in (-1, 0)  # the widest interval and the narrowest
    ]
    return [*bands, Line(x=fan.step, y=fan.value, colour="purple", dashed=True)]
