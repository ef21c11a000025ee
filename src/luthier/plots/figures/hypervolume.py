"""The volume that the front dominates, as trials came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...analysis.dominated_volume import HypervolumeCurve
from ...analysis.dominated_volume import hypervolume as find_hypervolume
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Figure, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS


@explain_arguments(OTHER_ARGUMENTS)
def hypervolume(
    study: Source,
    *,
    reference: Sequence[float] | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the hypervolume of the feasible trials, as they came in.

    Args:
        study: A study of several objectives, or its history.
        reference: (m,) the corner up to which it is measured, in the user's sign; None for one just
            behind the worst.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No feasible trial has finite values.
        StudyError: There is one objective only, or more than eight.
        ValueError: The reference is not one finite number for each objective.
    """
    with open_source(study) as trials:
        figure = describe_hypervolume(find_hypervolume(trials.history, reference))
    return draw(figure, backend, theme)


def describe_hypervolume(record: HypervolumeCurve) -> Figure:
    """Return the figure of a hypervolume."""
    corner = ", ".join(
        f"{name} {format_number(value, 4)}"
        for name, value in zip(record.objectives, record.reference.tolist(), strict=True)
    )
    line = Line(
        x=record.number.astype(float), y=record.volume, steps=len(record.number) == record.n
    )
    panel = Panel(
        layers=(line,),
        x=PanelAxis(label="trial", whole=True),
        y=PanelAxis(label="hypervolume", low=0.0),
    )
    return Figure(title="Hypervolume", panels=(panel,), notes=(f"Measured up to {corner}.",))
