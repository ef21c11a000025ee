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
from ..figure import Band, Bars, Figure, Layer, Line, Panel, PanelAxis, Tick
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .states import STATE_COLOURS

_MAX_HEIGHT = 420.0  # pixels
_LANE_HEIGHT = 28.0
_MAX_MARKED = 12  # lanes that have a tick each
_MAX_RESTS = 50
_MAX_PAUSES = 500


@explain_arguments(OTHER_ARGUMENTS)
def timeline(study: Source, *, backend: Backend = "auto", theme: Theme | None = None) -> Any:
    """Plot when each trial ran, one lane for each that ran at the same time.

    A dashed line leads over a pause, from the turn before it to the turn after.

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
    bars: list[Layer] = [*_shade_rests(record.rests, n_lanes), *_bridge_pauses(record)]
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
    if len(record.rests):
        rested = format_duration(float(np.diff(record.rests).sum()))
        notes.append(f"Without {count_of(len(record.rests), 'rest')} of {rested} in all.")
    notes += _tell_of_pauses(record)
    if record.n_waiting:
        notes.append(
            f"{count_of(record.n_waiting, 'trial')} {agree(record.n_waiting, 'waits', 'wait')}."
        )
    if len(record.number) < record.n:
        notes.append(f"The latest {len(record.number):,} of {count_of(record.n, 'turn')}.")
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


def _tell_of_pauses(record: Timeline) -> list[str]:
    """How many pauses of trials are drawn, and how many are not."""
    told = []
    if len(record.pauses):
        before, after = record.pauses.T
        usual = float(np.median(record.start_s[after] - record.end_s[before]))
        told.append(
            f"{count_of(len(before), 'pause')} of trials, {format_duration(max(usual, 0.0))} in "
            "the middle."
        )
    if len(record.pauses) > _MAX_PAUSES:
        told.append(f"Lines lead over the longest {_MAX_PAUSES}.")
    n_unknown = int(record.n_unknown.sum())
    if n_unknown:
        told.append(
            f"{count_of(n_unknown, 'pause')} of trials not drawn: their times were not stored."
        )
    return told


def _bridge_pauses(record: Timeline) -> list[Layer]:
    """A line over each of the longest pauses of trials, from the turn before to the turn after."""
    before, after = record.pauses.T
    longest = np.argsort(record.end_s[before] - record.start_s[after], kind="stable")[:_MAX_PAUSES]
    before, after = before[longest], after[longest]
    if not len(before):
        return []
    lift_pen = np.full(len(before), np.nan)
    return [
        Line(
            x=np.column_stack([record.end_s[before], record.start_s[after], lift_pen]).ravel(),
            y=np.column_stack([record.lane[before], record.lane[after], lift_pen]).ravel(),
            label="pause of a trial",
            colour="purple",
            dashed=True,
        )
    ]


def _shade_rests(rests: Array, n_lanes: int) -> list[Layer]:
    """An area for each of the longest rests of the study, behind all lanes."""
    longest = np.argsort(rests[:, 0] - rests[:, 1], kind="stable")[:_MAX_RESTS]
    return [
        Band(
            x=rests[i],
            low=np.full(2, -0.5),
            high=np.full(2, n_lanes - 0.5),
            label="rest of the study",
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
    if record.n_unknown[i]:
        text += f", {count_of(int(record.n_unknown[i]), 'pause')} left out"
    return f"{text}, {record.worker[i]}" if record.worker[i] else text
