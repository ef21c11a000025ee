"""The best value so far, over the values of all trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.best_so_far import Effort, Incumbent, incumbent
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Figure, Layer, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_points, describe_values, gather_values, shade_counts

EFFORTS = {
    "trial": PanelAxis(label="trial", whole=True),
    "time": PanelAxis(label="time since the start", scale="duration"),
    "cost": PanelAxis(label="cost so far"),
    "energy": PanelAxis(label="energy so far (kWh)"),
}


@explain_arguments(OTHER_ARGUMENTS)
def history(
    study: Source,
    *,
    objective: str | None = None,
    by: Effort = "trial",
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the best value so far, and the value of each trial.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        by: Along "trial", "time", "cost" or "energy".
        where: Conditions on the trials that count: "layers >= 2".
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value, or none noted what is counted.
        StudyError: There is no such objective.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        record = incumbent(trials.history, objective, by, trials.rows_of)
        figure = describe_history(record, log)
    return draw(figure, backend, theme)


def describe_history(record: Incumbent, log: bool | None = None) -> Figure:
    """Return the figure of the best value so far."""
    points = record.points
    values = np.concatenate([gather_values([points]), record.value])
    y, notes = describe_values(values, record.objective, log)
    layers: list[Layer] = describe_points(points)
    if len(record.x):
        layers.append(
            Line(
                x=np.append(record.x, record.end),
                y=np.append(record.value, record.value[-1]),
                label="best so far",
                colour="orange",
                steps=True,
                width=2.2,
            )
        )
    else:
        notes += ("No trial is feasible.",)
    panel = Panel(layers=tuple(layers), x=EFFORTS[record.by], y=y)
    return Figure(
        title=f"Best {record.objective} so far ({record.direction})",
        panels=(panel,),
        shades=shade_counts([points.density]),
        notes=notes,
    )
