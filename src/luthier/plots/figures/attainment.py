"""Which values of two or three objectives a share of several runs has come to."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from ...analysis.attained_fronts import Attainment, LimitedAttainment, limited_attainment
from ...analysis.attained_fronts import attainment as find_attainment
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Figure, Line, Panel
from ..look import SERIES, Theme
from ..source import Source, name_sources, open_source
from ..ticks import format_number
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
        studies: Runs with the same two or three objectives: studies, or their histories. Of three,
            each panel has the first two among trials whose third value is as good as a limit.
        levels: Shares of the runs, above 0 and at most 1.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: A run has no feasible trial with finite values.
        StudyError: They have not the same two or three objectives.
        ValueError: A level is no share.
    """
    with contextlib.ExitStack() as stack:
        runs = name_sources(studies).values()
        histories = [stack.enter_context(open_source(run)).history for run in runs]
        if histories and len(histories[0].directions) == 3:
            figure = describe_limited(limited_attainment(histories, levels))
        else:
            figure = describe_attainment(find_attainment(histories, levels))
    return draw(figure, backend, theme)


def describe_attainment(record: Attainment) -> Figure:
    """Return the figure of attained fronts: a line of steps for each share of the runs."""
    panel, notes = _describe_fronts(record)
    return Figure(title=_entitle(record), panels=(panel,), notes=notes)


def describe_limited(record: LimitedAttainment) -> Figure:
    """Return the figure of fronts of two objectives, a panel for each limit of the third."""
    side = "at most" if record.direction == "minimize" else "at least"
    panels: list[Panel] = []
    notes: tuple[str, ...] = ()
    for limit, within in zip(record.limit.tolist(), record.within, strict=True):
        panel, notes = _describe_fronts(within)
        title = f"{record.objective} {side} {format_number(limit, 4)}"
        panels.append(structs.replace(panel, title=title))
    title = _entitle(record.within[-1])
    return Figure(title=title, panels=tuple(panels), n_columns=len(panels), notes=notes)


def _entitle(record: Attainment) -> str:
    return f"Fronts attained by {count_of(record.n_runs, 'run')}"


def _describe_fronts(record: Attainment) -> tuple[Panel, tuple[str, ...]]:
    """Return the lines of one attainment, and what is to be said of its values."""
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
    return Panel(layers=lines, x=x, y=y), notes + more
