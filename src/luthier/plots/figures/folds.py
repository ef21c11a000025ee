"""Scores of trials in each fold of their cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...analysis.fold_scores import FoldScores, read_fold_scores
from ...argument_names import explain_arguments
from ...errors import TooFewResultsError
from ...history.history import History
from ..drawing import Backend, draw
from ..figure import Figure, Heat, Panel, PanelAxis, Shades
from ..look import Theme
from ..source import Source, open_source
from ..ticks import format_number
from .names import OTHER_ARGUMENTS

_MAX_TRIALS = 40
_ROW_HEIGHT = 14.0  # pixels


@explain_arguments(OTHER_ARGUMENTS)
def folds(
    study: Source,
    *,
    where: str | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot the score of each trial in each fold, the best trials on top.

    A fold that is unlike the others is a column that stands out.

    Args:
        study: A study whose trials note their folds, as `luthier.evaluation` does.
        where: Conditions on the trials that count: "layers >= 2".
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        TooFewResultsError: No complete trial notes its folds, or only the history is given.
        RuleError: `where` cannot be read.
    """
    with open_source(study, where) as trials:
        history = trials.history
        rows = [] if trials.rows_of is None else trials.rows_of(list(range(history.n)))
        record = read_fold_scores(history, rows)
        if not len(record.numbers):
            raise TooFewResultsError(
                "no complete trial notes the scores of its folds: evaluate trials by "
                "luthier.evaluation, or note them by trial.set_tag('folds', [...]); and give the "
                "study, not its history"
            )
        figure = describe_folds(record, history)
    return draw(figure, backend, theme)


def describe_folds(record: FoldScores, history: History) -> Figure:
    """Return the figure of fold scores: a row for each trial, a column for each fold."""
    k = record.scores.shape[1]
    order = np.argsort(history.losses[record.numbers, 0], kind="stable")[:_MAX_TRIALS]
    shown = record.scores[order]
    low, high = float(shown.min()), float(shown.max())
    notes = []
    if len(order) < len(record.numbers):
        notes.append(f"The best {len(order)} of {len(record.numbers):,} trials.")
    effects = ", ".join(format_number(float(e), 2) for e in record.effects)
    notes.append(f"Folds less the means of their trials, on average: {effects}.")
    cells = Heat(
        x_edges=np.arange(k + 1.0) - 0.5, y_edges=np.arange(len(order) + 1.0) - 0.5, shade=shown
    )
    names = tuple(f"trial {number}" for number in record.numbers[order].tolist())
    panel = Panel(
        layers=(cells,),
        x=PanelAxis(label="fold", scale="category", categories=tuple(str(i + 1) for i in range(k))),
        y=PanelAxis(scale="category", categories=names, reverse=True),
    )
    objective, direction = history.objectives[0], history.directions[0]
    return Figure(
        title=f"{objective} by trial and fold ({direction})",
        panels=(panel,),
        shades=Shades(label=objective, low=low, high=high),
        notes=tuple(notes),
        height=max(120.0, 40.0 + _ROW_HEIGHT * len(order)),
    )
