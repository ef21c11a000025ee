"""Ranks of trials over pairs of parameters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...analysis.value_ranks import Ranks
from ...analysis.value_ranks import rank as find_ranks
from ...argument_names import explain_arguments
from ...errors import TooFewResultsError
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Layer, Panel, Shades
from ..look import Theme
from ..source import Source, open_source
from ..texts import clean_text
from .names import OTHER_ARGUMENTS
from .parameters import choose_params, describe_axis, find_columns, place_values
from .points import name_trials

_MAX_PARAMS = 4  # 6 pairs


@explain_arguments(OTHER_ARGUMENTS)
def rank(
    study: Source,
    params: Sequence[str] | None = None,
    *,
    objective: str | None = None,
    where: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the rank of trials over pairs of parameters.

    Args:
        study: A study, or its history.
        params: Names; None for all, up to 4.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No trial has a value, or there is one parameter.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        names, notes = choose_params(trials.history, params, _MAX_PARAMS)
        if len(names) == 1:
            raise TooFewResultsError(
                f"ranks are shown over pairs of parameters, and {names[0]!r} is one: the figure "
                "slices shows it"
            )
        record = find_ranks(trials.history, names, objective)
        figure = describe_ranks(record, notes)
    return draw(figure, backend, theme)


def describe_ranks(record: Ranks, notes: tuple[str, ...] = ()) -> Figure:
    """Return the figure of ranks.

    Args:
        record: The trials.
        notes: Lines under it.
    """
    panels, apart = [], []
    for a, b in itertools.combinations(range(len(record.axes)), 2):
        x, y = record.axes[a], record.axes[b]
        if np.isnan(record.raw[:, a] + record.raw[:, b]).all():
            apart.append(f"{clean_text(x.name, 40)} and {clean_text(y.name, 40)}")
            continue
        layers: list[Layer] = []
        for feasible in (True, False):
            of = record.feasible == feasible
            if of.any():
                layers.append(
                    Dots(
                        x=place_values(x, record.raw[of, a]),
                        y=place_values(y, record.raw[of, b]),
                        shade=record.rank[of] if feasible else None,
                        colour="grey",
                        hollow=not feasible,
                        label="" if feasible else "infeasible",
                        hover=name_trials(record.number[of], record.value[of]),
                        size=3.4 if len(record.number) < 500 else 2.4,
                    )
                )
        panels.append(Panel(layers=tuple(layers), x=describe_axis(x), y=describe_axis(y)))
    if apart:
        notes += (f"Never active together: {', '.join(apart)}.",)
    if len(record.number) < record.n:
        notes += (f"{len(record.number):,} of {record.n:,} trials: the best and a sample.",)
    return Figure(
        title=f"Rank of {record.objective} by pairs of parameters",
        panels=tuple(panels),
        n_columns=find_columns(len(panels), 3),
        shades=Shades(label="rank (0: best)", low=0.0, high=1.0),
        notes=notes,
    )
