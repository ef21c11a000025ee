"""What trials used, by the state that they ended in, and what early stopping has saved."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.resource_use import Resources
from ...analysis.resource_use import resources as add_up
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Bars, Colour, Figure, Layer, Panel, PanelAxis, Scale
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS
from .parameters import find_columns
from .states import STATE_COLOURS

_UNITS = {"time": "time", "cost": "cost", "energy": "kWh", "steps": "steps"}
_SCALES: dict[str, Scale] = {"time": "duration"}  # of the others: linear


@explain_arguments(OTHER_ARGUMENTS)
def resources(study: Source, *, backend: Backend = "auto", theme: Theme | None = None) -> Any:
    """Plot the time, cost, energy and steps that trials used, and what early stopping has saved.

    Args:
        study: A study, or its history.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has had a turn.
    """
    with open_source(study) as trials:
        figure = describe_resources(add_up(trials.history, trials.rows_of))
    return draw(figure, backend, theme)


def describe_resources(record: Resources) -> Figure:
    """Return the figure of what was used: a panel for each kind that any trial noted."""
    panels, notes = [], []
    for q, kind in enumerate(record.kinds):
        if not record.n_noted[:, q].any():
            continue
        used = record.used[:, q]
        layers: list[Layer] = []
        seen = [s for s in range(len(record.states)) if record.n[s]]
        for at, s in enumerate(seen):
            state = record.states[s]
            hover = f"{state.name.lower()}: {format_number(used[s], 4)} of {record.n[s]:,} trials"
            layers.append(_make_bar(at, used[s], STATE_COLOURS[state], hover))
        names = [record.states[s].name.lower() for s in seen]
        saved = record.saved[q]
        if np.isfinite(saved) and saved > 0:
            layers.append(_make_bar(len(names), saved, "green", "saved", hollow=True))
            names.append("saved")
            share = 100 * record.saved_share[q]
            notes.append(f"Early stopping saved about {share:.0f} % of the {kind}.")
        x = PanelAxis(scale="category", categories=tuple(names))
        panels.append(
            Panel(
                layers=tuple(layers),
                x=x,
                y=PanelAxis(label=_UNITS[kind], scale=_SCALES.get(kind, "linear")),
            )
        )
    if not panels:
        notes.append("No trial has noted what it used.")
    return Figure(
        title="What trials used",
        panels=tuple(panels),
        n_columns=find_columns(len(panels)),
        notes=tuple(notes),
    )


def _make_bar(at: int, end: float, colour: Colour, hover: str, hollow: bool = False) -> Bars:
    """One bar."""
    return Bars(
        at=np.array([float(at)]),
        start=np.zeros(1),
        end=np.array([end]),
        colour=colour,
        hollow=hollow,
        hover=(hover,),
    )
