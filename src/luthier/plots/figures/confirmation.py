"""The leaders of a study as they did when they were run anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.findings.confirmed import Confirmed, list_confirmed
from ...argument_names import explain_arguments
from ...errors import StudyError, TooFewResultsError
from ...history.history import History
from ...numerics.stats import mean_interval
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Layer, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values

_MAX_LEADERS = 30
_ROW_HEIGHT = 24.0  # pixels


@explain_arguments(OTHER_ARGUMENTS)
def confirmation(
    study: Source,
    *,
    level: float = 0.95,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the new runs of the leaders, their means with intervals, and what they were chosen for.

    Args:
        study: A study that was confirmed by `Study.confirm`, or its history.
        level: Coverage of the intervals, which are Student's.
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No leader was run anew.
        StudyError: There are several objectives.
        ValueError: `level` is no probability.
    """
    with open_source(study) as trials:
        history = trials.history
        if len(history.directions) > 1:
            raise StudyError(
                f"leaders are run anew where there is one objective, got "
                f"{', '.join(history.objectives)}"
            )
        leaders = list_confirmed(history, 1)
        if not leaders:
            raise TooFewResultsError("no leader was run anew: study.confirm() does so")
        figure = describe_confirmation(leaders, history, level, log)
    return draw(figure, backend, theme)


def describe_confirmation(
    leaders: list[Confirmed], history: History, level: float = 0.95, log: bool | None = None
) -> Figure:
    """Return the figure of new runs: a row for each leader, the best mean on top."""
    best_first = sorted(leaders, key=lambda leader: leader.mean)[:_MAX_LEADERS]
    value_of = history.values_of
    rows = np.arange(float(len(best_first)))
    ends = np.full((len(best_first), 2), np.nan)
    for i, leader in enumerate(best_first):
        if len(leader.losses) > 1:
            ends[i] = mean_interval(value_of(leader.losses), level)
    runs = np.concatenate([value_of(leader.losses) for leader in best_first])
    of_run = np.repeat(rows, [len(leader.losses) for leader in best_first])
    means = value_of(np.array([leader.mean for leader in best_first]))
    chosen = value_of(np.array([leader.loss for leader in best_first]))

    layers: tuple[Layer, ...] = (
        Line(
            x=np.column_stack([ends, np.full(len(rows), np.nan)]).ravel(),
            y=np.repeat(rows, 3),
            label=f"{100 * level:g} % interval",
            colour="blue",
            width=2.4,
        ),
        Dots(x=runs, y=of_run + 0.22, label="new run", colour="grey", size=2.2),
        Dots(x=means, y=rows, label="mean of new runs", colour="blue", size=4.5),
        Dots(x=chosen, y=rows, label="as it was chosen", colour="orange", hollow=True, size=4.5),
    )
    everything = np.concatenate([runs, chosen, ends[~np.isnan(ends)]])
    x, notes = describe_values(everything, history.objectives[0], log, complete=True)
    names = tuple(f"trial {leader.number}" for leader in best_first)
    return Figure(
        title=f"New runs of the leaders: {history.objectives[0]} ({history.directions[0]})",
        panels=(
            Panel(
                layers=layers, x=x, y=PanelAxis(scale="category", categories=names, reverse=True)
            ),
        ),
        notes=notes,
        height=max(110.0, 40.0 + _ROW_HEIGHT * len(rows)),
    )
