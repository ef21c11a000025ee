"""Several studies or samplers at the same effort."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...analysis.best_so_far import Effort
from ...analysis.study_comparison import PairTest, StudyComparison
from ...analysis.study_comparison import compare as compare_histories
from ...argument_names import explain_arguments
from ...history.history import History
from ..drawing import Backend, draw
from ..figure import Band, Figure, Layer, Line, Panel
from ..look import SERIES, Theme
from ..source import Source, name_sources, open_source
from ..ticks import format_number
from .history import EFFORTS
from .names import OTHER_ARGUMENTS
from .points import describe_values

_MAX_TESTS = 6  # that are told


@explain_arguments(OTHER_ARGUMENTS)
def compare(
    studies: Sequence[Source] | Mapping[str, Source | Sequence[Source]],
    *,
    objective: str | None = None,
    by: Effort = "trial",
    level: float = 0.95,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the best value so far of several studies, or the mean of several runs of each method.

    Args:
        studies: Studies or histories; or the name of each method to its runs. The i-th runs of all
            methods belong together, and are compared in pairs.
        objective: Name of one that all have; None for the first.
        by: Along "trial", "time" or "cost".
        level: Of the intervals, between 0 and 1.
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: A run has no value, or has not noted its effort.
        StudyError: There is nothing to compare, or directions differ.
        ValueError: `level` is no probability.
    """
    methods = studies if isinstance(studies, Mapping) else name_sources(studies)
    with contextlib.ExitStack() as stack:
        histories: dict[str, History | Sequence[History]] = {}
        for name, runs in methods.items():
            several = runs if isinstance(runs, Sequence) else [runs]
            histories[name] = [stack.enter_context(open_source(run)).history for run in several]
        figure = describe_comparison(compare_histories(histories, objective, by, level), log)
    return draw(figure, backend, theme)


def describe_comparison(record: StudyComparison, log: bool | None = None) -> Figure:
    """Return the figure of several methods."""
    ends = np.concatenate([record.mean.ravel(), record.low.ravel(), record.high.ravel()])
    y, notes = describe_values(ends[~np.isnan(ends)], f"best {record.objective} so far", log, True)
    layers: list[Layer] = []
    for i, name in enumerate(record.names):
        colour = SERIES[i % len(SERIES)]
        if np.isfinite(record.low[i]).any():
            layers.append(
                Band(x=record.x, low=record.low[i], high=record.high[i], colour=colour, steps=True)
            )
        layers.append(
            Line(
                x=record.x,
                y=record.mean[i],
                label=name,
                colour=colour,
                dashed=i >= len(SERIES),
                steps=True,
                width=2.2,
            )
        )
    if record.longest > record.x[-1]:
        notes += (_say_where_it_ends(record),)
    if (record.n_runs > 1).any():
        notes += (f"Bands: {100 * record.level:g} % intervals of the mean over runs.",)
    notes += tuple(_tell(pair) for pair in record.pairs[:_MAX_TESTS])
    if len(record.pairs) > _MAX_TESTS:
        notes += (f"And {len(record.pairs) - _MAX_TESTS:,} more pairs.",)
    panel = Panel(layers=tuple(layers), x=EFFORTS[record.by], y=y)
    return Figure(
        title=f"Best {record.objective} so far ({record.direction})", panels=(panel,), notes=notes
    )


def _say_where_it_ends(record: StudyComparison) -> str:
    """Say that some runs went on beyond what all have come to."""
    if record.by != "trial":
        return f"As far as all have come in {record.by}; some went on."
    n = round(float(record.x[-1])) + 1
    most = round(record.longest) + 1
    return f"The first {n:,} trials, as many as each run has; the longest has {most:,}."


def _tell(pair: PairTest) -> str:
    """A test of two methods in words."""
    ends = f"{format_number(pair.low, 3)} to {format_number(pair.high, 3)}"
    return (
        f"{pair.second} less {pair.first}: {format_number(pair.difference, 3)} ({ends}), "
        f"p = {pair.p_adjusted:.2g} ({pair.test}, Holm)."
    )
