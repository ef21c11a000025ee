"""What was left to be gained, as trials came in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.gain_by_trial import Improvement, improvement
from ...argument_names import explain_arguments
from ..drawing import Backend, draw
from ..figure import Dots, Figure, Layer, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values


@explain_arguments(OTHER_ARGUMENTS)
def convergence(
    study: Source,
    *,
    objective: str | None = None,
    where: str | None = None,
    log: bool | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot how much more could have been gained after each of some trials, by a model.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        log: Whether the gains have a log axis; None for where that shows more.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No model of the trials so far could be believed.
        StudyError: There is no such objective.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        figure = describe_convergence(improvement(trials.history, objective), log)
    return draw(figure, backend, theme)


def describe_convergence(record: Improvement, log: bool | None = None) -> Figure:
    """Return the figure of what was left to be gained: the gains, and the chance of any.

    The search has converged where the largest gain stays below the noise.
    """
    known = ~np.isnan(record.regret_bound)
    number = record.number[known].astype(np.float64)
    parts = (
        (record.regret_bound[known], "largest gain", "blue", False),
        (record.expected_gain[known], "expected of 20 more trials", "orange", False),
        (record.noise[known], "noise", "grey", True),
    )
    y, notes = describe_values(
        np.concatenate([gain for gain, _, _, _ in parts]), f"gain in {record.objective}", log, True
    )
    gains: list[Layer] = []
    for gain, label, colour, dashed in parts:
        gains.append(Line(x=number, y=gain, label=label, colour=colour, dashed=dashed))  # type: ignore[arg-type]
        if not dashed:
            gains.append(Dots(x=number, y=gain, colour=colour))  # type: ignore[arg-type]
    chances = (
        Line(x=number, y=record.chance[known], colour="orange"),
        Dots(x=number, y=record.chance[known], colour="orange"),
    )
    x = PanelAxis(label="trial", whole=True)
    notes += ("Converged where the largest gain stays below the noise.",)
    if not known.all():
        notes += (f"After {int((~known).sum())} of the trials no model could be believed.",)
    return Figure(
        title=f"What was left to be gained in {record.objective} ({record.direction})",
        panels=(
            Panel(layers=tuple(gains), x=x, y=y),
            Panel(
                layers=chances,
                x=x,
                y=PanelAxis(label="chance that 20 more trials help", low=0.0, high=1.04),
            ),
        ),
        n_columns=2,
        notes=notes,
    )
