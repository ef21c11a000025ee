"""The best value that is expected of each number of trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.expected_best import TuningCurve
from ...analysis.expected_best import tuning_curve as find_tuning_curve
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Band, Figure, Layer, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values


@explain_arguments(OTHER_ARGUMENTS)
def tuning_curve(
    study: Source,
    *,
    objective: str | None = None,
    where: str | None = None,
    level: float = 0.8,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the best value that a study of each size would be expected to come to.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        level: Of the interval, between 0 and 1.
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value.
        StudyError: There is no such objective.
        RuleError: `where` cannot be read.
        ValueError: `level` is no probability.
    """
    with open_source(study, where) as trials:
        figure = describe_tuning_curve(find_tuning_curve(trials.history, objective, level), log)
    return draw(figure, backend, theme)


def describe_tuning_curve(record: TuningCurve, log: bool | None = None) -> Figure:
    """Return the figure of a tuning curve; dashed where it cannot be trusted."""
    ends = np.concatenate([record.value, record.low, record.high])
    y, notes = describe_values(ends, record.objective, log, True)
    k = record.k.astype(float)
    trusted = record.k <= record.trusted
    beyond = np.append(~trusted[1:], True)  # from the last one that is trusted on
    layers: list[Layer] = [
        Band(x=k, low=record.low, high=record.high, label=f"{100 * record.level:g} % of draws"),
        Line(x=k, y=np.where(trusted, record.value, np.nan), label="expected best"),
        Line(x=k, y=np.where(beyond, record.value, np.nan), dashed=True),
    ]
    if not trusted.all():
        notes += (f"Beyond {record.trusted:,} trials the interval is too narrow.",)
    panel = Panel(layers=tuple(layers), x=PanelAxis(label="number of trials", whole=True), y=y)
    return Figure(
        title=f"Expected best {record.objective} of so many trials ({record.direction})",
        panels=(panel,),
        notes=notes,
    )
