"""The front of several objectives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ...analysis.front_points import Pareto
from ...analysis.front_points import pareto as find_front
from ...argument_names import explain_arguments
from ...typing import Array
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Layer, Line, Panel
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .parameters import find_columns
from .points import describe_density, describe_values, shade_counts
from .points import name_trials as name_values

_MAX_OBJECTIVES = 4  # 6 pairs


@explain_arguments(OTHER_ARGUMENTS)
def pareto(
    study: Source,
    *,
    where: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the trials that no other beats in all objectives, and those behind them.

    Args:
        study: A study of several objectives, or its history; each two of them have a panel.
        where: Conditions on the trials that count: "layers >= 2".
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has values.
        StudyError: There is one objective only.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        figure = describe_pareto(find_front(trials.history))
    return draw(figure, backend, theme)


def describe_pareto(record: Pareto) -> Figure:
    """Return the figure of a front: a panel for each two objectives."""
    columns = range(min(len(record.objectives), _MAX_OBJECTIVES))
    pairs = list(itertools.combinations(columns, 2))
    panels = [_describe_pair(record, a, b) for a, b in pairs]
    notes = []
    if len(record.objectives) > _MAX_OBJECTIVES:
        notes.append(f"The first {_MAX_OBJECTIVES} of {len(record.objectives)} objectives.")
    if len(record.number) < record.n:
        notes.append(f"{len(record.number):,} of {record.n:,} trials: the front and a sample.")
    return Figure(
        title=f"Front of {record.n_front:,} among {count_of(record.n, 'trial')}",
        panels=tuple(panels),
        n_columns=find_columns(len(panels), 3),
        shades=shade_counts([record.density]),
        notes=tuple(notes),
    )


def _describe_pair(record: Pareto, a: int, b: int) -> Panel:
    """One panel; the line of steps joins the front where there are two objectives."""
    x, y = record.values[:, a], record.values[:, b]
    layers: list[Layer] = []
    if record.density is not None and (a, b) == (0, 1):
        layers.append(describe_density(record.density))
    front = record.on_front & record.feasible
    parts = (
        (record.feasible & ~front, "complete", "blue", False, 2.6),
        (~record.feasible, "infeasible", "red", True, 3.0),
        (front, "front", "orange", False, 4.5),
    )
    for of, label, colour, hollow, size in parts:
        if of.any():
            layers.append(
                Dots(
                    x=x[of],
                    y=y[of],
                    label=label,
                    colour=colour,  # type: ignore[arg-type]
                    hollow=hollow,
                    size=size,
                    hover=name_values(record.number[of], y[of]),
                )
            )
    if len(record.objectives) == 2 and front.any():
        layers.insert(0, _trace_front(x[front], y[front], record.directions[0] == "maximize"))
    names, directions = record.objectives, record.directions
    return Panel(
        layers=tuple(layers),
        x=describe_values(x, f"{names[a]} ({directions[a]})")[0],
        y=describe_values(y, f"{names[b]} ({directions[b]})")[0],
    )


def _trace_front(x: Array, y: Array, maximize: bool) -> Line:
    """The edge of what is dominated: a value of y holds until a worse x allows a better one."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    if maximize:  # a value of y holds from the previous x on
        x, y = np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
        return Line(x=x, y=y, colour="orange", width=1.2)
    return Line(x=x, y=y, colour="orange", width=1.2, steps=True)
