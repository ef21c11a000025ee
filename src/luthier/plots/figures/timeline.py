"""Who ran what when."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.worker_times import Timeline
from ...analysis.worker_times import timeline as find_timeline
from ...argument_names import explain_arguments
from ...trial.record import State
from ..drawing import Backend, draw
from ..figure import Bars, Figure, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .states import STATE_COLOURS

_MAX_HEIGHT = 420.0  # pixels
_LANE_HEIGHT = 28.0


@explain_arguments(OTHER_ARGUMENTS)
def timeline(study: Source, *, backend: Backend = "auto", theme: Theme | None = None) -> Any:
    """Plot when each trial ran, one lane for each that ran at the same time.

    Args:
        study: A study, or its history.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a time at which it began.
    """
    with open_source(study) as trials:
        figure = describe_timeline(find_timeline(trials.history, trials.rows_of))
    return draw(figure, backend, theme)


def describe_timeline(record: Timeline) -> Figure:
    """Return the figure of trials on their lanes."""
    bars = []
    for state, colour in STATE_COLOURS.items():
        of = np.flatnonzero(record.state == state)
        if len(of):
            bars.append(
                Bars(
                    at=record.lane[of].astype(np.float64),
                    start=record.start_s[of],
                    end=record.end_s[of],
                    horizontal=True,
                    width=0.8,
                    colour=colour,
                    label=state.name.lower(),
                    hover=tuple(_say_when(record, i) for i in of.tolist()),
                )
            )
    notes = [f"Idle: {100 * record.idle_share:.0f} % of the time of all lanes."]
    if record.n_waiting:
        notes.append(f"{record.n_waiting:,} trials wait.")
    if len(record.number) < record.n:
        notes.append(f"The latest {len(record.number):,} of {record.n:,} trials.")
    panel = Panel(
        layers=tuple(bars),
        x=PanelAxis(label="time since the start", scale="duration"),
        y=PanelAxis(label="lane", whole=True),
    )
    n_lanes = int(record.lane.max()) + 1
    return Figure(
        title="Trials over time",
        panels=(panel,),
        notes=(" ".join(notes),),
        height=min(_MAX_HEIGHT, 40.0 + _LANE_HEIGHT * n_lanes),
    )


def _say_when(record: Timeline, i: int) -> str:
    """What a bar says when it is pointed at."""
    state = State(record.state[i]).name.lower()
    text = f"trial {record.number[i]}, {state}, {record.end_s[i] - record.start_s[i]:.3g} s"
    if record.n_pauses[i]:
        text += f", {record.n_pauses[i]} pauses"
    return f"{text}, {record.worker[i]}" if record.worker[i] else text
