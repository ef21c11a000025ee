"""Whether a model's predictions and its doubt can be believed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.surrogate_calibration import Calibration
from ...analysis.surrogate_calibration import calibration as find_calibration
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Bars, Dots, Figure, Line, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from .names import OTHER_ARGUMENTS
from .points import describe_values


@explain_arguments(OTHER_ARGUMENTS)
def calibration(
    study: Source,
    *,
    objective: str | None = None,
    where: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot each trial beside what a model of all others expects of it.

    Args:
        study: A study, or its history.
        objective: Name of one; None for the first.
        where: Conditions on the trials that count: "layers >= 2".
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: The trials are too few for a model.
        StudyError: There is no such objective.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        figure = describe_calibration(find_calibration(trials.history, objective))
    return draw(figure, backend, theme)


def describe_calibration(record: Calibration) -> Figure:
    """Return the figure of a model's predictions, and of where values fall in its intervals.

    Dots on the line are predicted well. Even bars are the right doubt; a hump in the middle is too
    much, high ends are too little.
    """
    both = np.concatenate([record.observed, record.predicted])
    axis, notes = describe_values(both, record.objective, False, True)
    ends = np.array([both.min(), both.max()])
    predictions = Panel(
        layers=(
            Line(x=ends, y=ends, colour="grey", dashed=True, label="as expected"),
            Dots(x=record.predicted, y=record.observed, size=2.6, label="trial"),
        ),
        x=PanelAxis(label=f"expected {record.objective}", low=axis.low, high=axis.high),
        y=PanelAxis(label=f"{record.objective}", low=axis.low, high=axis.high),
    )

    n_bins = len(record.bins)
    width = 1 / n_bins
    even = len(record.observed) / n_bins
    doubt = Panel(
        layers=(
            Bars(
                at=np.asarray((np.arange(n_bins) + 0.5) * width),
                start=np.zeros(n_bins),
                end=record.bins.astype(np.float64),
                width=0.9 * width,
                hover=tuple(count_of(count, "trial") for count in record.bins.tolist()),
            ),
            Line(
                x=np.array([0.0, 1.0]),
                y=np.array([even, even]),
                colour="grey",
                dashed=True,
            ),
        ),
        x=PanelAxis(label="place in the predicted distribution", low=0.0, high=1.0),
        y=PanelAxis(label="trials", low=0.0),
    )
    told = ", ".join(
        f"{100 * level:g} % intervals {100 * share:.0f} %"
        for level, share in zip(record.level.tolist(), record.coverage.tolist(), strict=True)
    )
    notes += (
        f"Trials within them: {told}.",
        f"R2 {record.quality.r2:.2f}, ranks {record.quality.rank_correlation:.2f}; each trial was "
        "predicted from all others.",
    )
    return Figure(
        title=f"Predictions of {record.objective} ({record.direction})",
        panels=(predictions, doubt),
        n_columns=2,
        notes=notes,
    )
