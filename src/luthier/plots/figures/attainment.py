"""Which values of two objectives a share of several runs has come to."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from typing import Any

from ...analysis.attained_fronts import Attainment
from ...analysis.attained_fronts import attainment as find_attainment
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Figure, Line, Panel
from ..look import SERIES, Theme
from ..source import Source, name_sources, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values


@explain_arguments(OTHER_ARGUMENTS)
def attainment(
    studies: Source | Sequence[Source],
    *,
    levels: Sequence[float] = (0.25, 0.5, 0.75),
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the fronts that shares of several runs of one study have attained.

    Args:
        studies: Runs with the same two objectives: studies, or their histories.
        levels: Shares of the runs, above 0 and at most 1.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: A run has no feasible trial with finite values.
        StudyError: They have not the same two objectives.
        ValueError: A level is no share.
    """
    with contextlib.ExitStack() as stack:
        runs = name_sources(studies).values()
        histories = [stack.enter_context(open_source(run)).history for run in runs]
        figure = describe_attainment(find_attainment(histories, levels))
    return draw(figure, backend, theme)


def describe_attainment(record: Attainment) -> Figure:
    """Return the figure of attained fronts: a line of steps for each share of the runs."""
    shown = zip(record.level.tolist(), record.y, strict=True)
    lines = tuple(
        Line(
            x=record.x,
            y=y,
            label="the run" if record.n_runs == 1 else f"{100 * level:g} % of the runs",
            colour=SERIES[i % len(SERIES)],
            dashed=i >= len(SERIES),
            steps=True,
        )
        for i, (level, y) in enumerate(itertools.islice(shown, 1 if record.n_runs == 1 else None))
    )
    (name_x, name_y), (to_x, to_y) = record.objectives, record.directions
    x, notes = describe_values(record.x, f"{name_x} ({to_x})", complete=True)
    known = record.y[record.y == record.y]
    y, more = describe_values(known, f"{name_y} ({to_y})", complete=True)
    runs = count_of(record.n_runs, "run")
    return Figure(
        title=f"Fronts attained by {runs}",
        panels=(Panel(layers=lines, x=x, y=y),),
        notes=notes + more,
    )
