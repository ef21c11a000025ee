"""The share of trials with at most a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...analysis.cumulative_shares import EDF
from ...analysis.cumulative_shares import edf as find_edf
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Figure, Line, Panel, PanelAxis
from ..look import SERIES, Theme
from ..source import Source, name_sources, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values


@explain_arguments(OTHER_ARGUMENTS)
def edf(
    study: Source | Sequence[Source],
    *,
    objective: str | None = None,
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the share of trials with at most a value, of one study or of several.

    Args:
        study: A study, or its history; or several of them.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        log: Whether the values have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value.
        StudyError: There is no such objective.
        RuleError: `where` cannot be read.
    """
    records = {}
    for name, source in name_sources(study).items():
        with open_source(source, where) as trials:
            records[name] = find_edf(trials.history, objective)
    return draw(describe_edf(records, log), backend, theme)


def describe_edf(records: Mapping[str, EDF], log: bool | None = None) -> Figure:
    """Return the figure of distributions, by the names of their studies."""
    objective = next(iter(records.values())).objective
    x, notes = describe_values(
        np.concatenate([record.value for record in records.values()]), objective, log
    )
    lines = []
    for i, (name, record) in enumerate(records.items()):
        # From no share at all up to the first value, and on along the last share.
        lines.append(
            Line(
                x=np.concatenate([record.value[:1], record.value]),
                y=np.concatenate([np.zeros(min(1, len(record.share))), record.share]),
                label=name if len(records) > 1 else "",
                colour=SERIES[i % len(SERIES)],
                dashed=i >= len(SERIES),
                steps=True,
            )
        )
    n_infeasible = sum(record.n_infeasible for record in records.values())
    if n_infeasible:
        notes += (f"Without {count_of(n_infeasible, 'trial')} that broke a constraint.",)
    y = PanelAxis(label="share of trials", low=0.0, high=1.02)
    panel = Panel(layers=tuple(lines), x=x, y=y)
    return Figure(title=f"Distribution of {objective}", panels=(panel,), notes=notes)
