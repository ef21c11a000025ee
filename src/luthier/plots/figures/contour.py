"""Expected values over two parameters, by a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.axes import Axis
from ...analysis.fill_ins import Around
from ...analysis.surfaces import Surface
from ...analysis.surfaces import contour as find_surface
from ...argument_names import explain_arguments
from ...typing import Array
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Heat, Panel, Shades
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .parameters import describe_axis, place_values
from .points import name_trials
from .quality import say_quality


@explain_arguments(OTHER_ARGUMENTS)
def contour(
    study: Source,
    x: str | None = None,
    y: str | None = None,
    *,
    objective: str | None = None,
    around: Around = "best",
    where: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the values that a model expects over two parameters, with the trials.

    Args:
        study: A study, or its history.
        x: Name of a parameter.
        y: Name of another; those along which the model varies most where names are missing.
        objective: Name of one; None for the first.
        around: Where the other parameters are: "best", "good" or "uniform".
        where: Conditions on the trials that count: "layers >= 2".
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: The trials are too few for a model, or it does not predict them.
        StudyError: There is no such objective.
        UnknownParameterError: There is no such parameter.
        RuleError: `where` cannot be read.
        ValueError: `around` is none of its words, or x and y are the same.
    """
    with open_source(study, where) as trials:
        figure = describe_contour(find_surface(trials.history, x, y, objective, around))
    return draw(figure, backend, theme)


def describe_contour(record: Surface) -> Figure:
    """Return the figure of a surface; empty where the model knows too little."""
    mean = np.where(record.doubtful, np.nan, record.mean)
    known = mean[np.isfinite(mean)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    layers = (
        Heat(
            x_edges=_find_edges(record.x_axis, record.x),
            y_edges=_find_edges(record.y_axis, record.y),
            shade=mean.T,
        ),
        Dots(
            x=place_values(record.x_axis, record.trial_x),
            y=place_values(record.y_axis, record.trial_y),
            colour="ink",
            label="trial",
            size=2.2,
            hover=name_trials(record.number, record.trial_value),
        ),
    )
    notes = [
        f"All other parameters around {record.around}.",
        say_quality(record.quality),
    ]
    if record.doubtful.any():
        notes.append("Empty where the model knows little.")
    if np.isnan(record.mean).any():
        notes.append("Empty where a parameter is not active, or a constraint forbids the values.")
    x, y = describe_axis(record.x_axis), describe_axis(record.y_axis)
    return Figure(
        title=f"Expected {record.objective} ({record.direction})",
        panels=(Panel(layers=layers, x=x, y=y),),
        shades=Shades(label=record.objective, low=low, high=high),
        notes=tuple(notes),
    )


def _find_edges(axis: Axis, centres: Array) -> Array:
    """Edges (k + 1,) of cells around values (k,), half-way between them on the axis' scale."""
    at = axis.warp(centres)
    if len(at) == 1:
        return place_values(axis, axis.unwarp(at[0] + np.array([-0.5, 0.5])))
    half = np.diff(at) / 2
    edges = np.concatenate([[at[0] - half[0]], at[:-1] + half, [at[-1] + half[-1]]])
    return place_values(axis, axis.unwarp(edges))
