"""Who ran what when."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.worker_times import Timeline
from ...analysis.worker_times import timeline as find_timeline
from ...argument_names import explain_arguments
from ...trial.record import State
from ...typing import Array
from ...wording import agree, count_of, format_duration
from ..drawing import Backend, draw
from ..figure import Band, Bars, Figure, Layer, Panel, PanelAxis, Tick
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .states import STATE_COLOURS

_MAX_HEIGHT = 420.0  # pixels
_LANE_HEIGHT = 28.0
_MAX_MARKED = 12  # lanes that have a tick each
_MAX_PAUSES = 50


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
    n_lanes = int(record.lane.max()) + 1
    bars = _shade_pauses(record.pauses, n_lanes)
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
    if len(record.pauses):
        rested = format_duration(float(np.diff(record.pauses).sum()))
        notes.append(f"{count_of(len(record.pauses), 'pause')} of {rested} in all left out.")
    n_paused = int((record.n_pauses > 0).sum())
    if n_paused:
        notes.append(f"{count_of(n_paused, 'bar')} with pauses of the trial within.")
    if record.n_waiting:
        notes.append(
            f"{count_of(record.n_waiting, 'trial')} {agree(record.n_waiting, 'waits', 'wait')}."
        )
    if len(record.number) < record.n:
        notes.append(f"The latest {len(record.number):,} of {count_of(record.n, 'trial')}.")
    panel = Panel(
        layers=tuple(bars),
        x=PanelAxis(label="time since the start", scale="duration"),
        y=PanelAxis(label="lane", whole=True, marks=_mark_lanes(n_lanes)),
    )
    return Figure(
        title="Trials over time",
        panels=(panel,),
        notes=(" ".join(notes),),
        height=min(_MAX_HEIGHT, 40.0 + _LANE_HEIGHT * n_lanes),
    )


def _shade_pauses(pauses: Array, n_lanes: int) -> list[Layer]:
    """An area for each of the longest pauses, behind all lanes."""
    longest = np.argsort(pauses[:, 0] - pauses[:, 1], kind="stable")[:_MAX_PAUSES]
    return [
        Band(
            x=pauses[i],
            low=np.full(2, -0.5),
            high=np.full(2, n_lanes - 0.5),
            label="pause of the study",
            colour="grey",
        )
        for i in longest.tolist()
    ]


def _mark_lanes(n_lanes: int) -> tuple[Tick, ...] | None:
    """A tick for each lane, from 1 on, where they are few."""
    if n_lanes > _MAX_MARKED:
        return None
    return tuple(Tick(float(i), str(i + 1)) for i in range(n_lanes))


def _say_when(record: Timeline, i: int) -> str:
    """What a bar says when it is pointed at."""
    state = State(record.state[i]).name.lower()
    text = f"trial {record.number[i]}, {state}, {record.end_s[i] - record.start_s[i]:.3g} s"
    if record.n_pauses[i]:
        text += f", {record.n_pauses[i]} pauses"
    return f"{text}, {record.worker[i]}" if record.worker[i] else text
