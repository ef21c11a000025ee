"""What each two parameters do together."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ...analysis.importances.ranking import importance as find_importance
from ...analysis.importances.result import Importance
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Figure, Heat, Panel, PanelAxis, Shades
from ..look import Theme
from ..source import Source, open_source
from ..texts import clean_text
from .names import OTHER_ARGUMENTS
from .quality import say_quality

_MAX_PARAMETERS = 12
_ROW_HEIGHT = 34.0  # pixels
_LEAST_TOLD = 0.001
_N_TOLD = 3  # of which the numbers are told


@explain_arguments(OTHER_ARGUMENTS)
def interactions(
    study: Source,
    params: Collection[str] | None = None,
    *,
    method: str = "auto",
    objective: int | str | None = None,
    among: float | None = None,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot what each two parameters do together, beyond what each does alone.

    Args:
        study: A study, or its history.
        params: Names; None for all, up to 12.
        method: See `Study.importance`; "ped" and "local" know no interactions.
        objective: Its name or position; None for the only one.
        among: Only differences among this share of the best trials count; None for all.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        UnknownNameError: There is no such method or objective.
        UnknownParameterError: There is no such parameter.
        StudyError: There are several objectives, and none is chosen.
        ValueError: `among` is no share between 0 and 1.
    """
    with open_source(study) as trials:
        record = find_importance(
            trials.history, method, objective, among, params, interactions=True
        )
    return draw(describe_interactions(record), backend, theme)


def describe_interactions(record: Importance) -> Figure:
    """Return the figure of interactions: a cell for each two parameters.

    Where nothing can be said it holds no cells, and says why.
    """
    of = "" if record.objective is None else f" for {record.objective}"
    title = f"Interactions of parameters{of} ({record.method})"
    if not record.names:
        return Figure(title=title, notes=(record.note,))
    if not record.interactions:
        why = f"The method {record.method} knows no interactions: fanova and gp do"
        if record.objective is None:
            why += ", for an objective that is named"
        alone = "There is one parameter."
        return Figure(title=title, notes=(alone if len(record.names) == 1 else f"{why}.",))

    shown: set[str] = set()  # of the largest interactions
    for pair in record.interactions:
        if len(shown | set(pair.names)) <= _MAX_PARAMETERS:
            shown |= set(pair.names)
    names = [name for name in record.names if name in shown]
    at = {name: i for i, name in enumerate(names)}
    share = np.full((len(names), len(names)), np.nan)
    for pair in record.interactions:
        if shown.issuperset(pair.names):
            i, j = sorted(at[name] for name in pair.names)
            share[j, i] = max(pair.value, 0.0)
    note = f"; {record.note}" if record.note else ""
    notes = [f"From {count_of(record.n, 'trial')}{note}."]
    edges = np.asarray(np.arange(len(names) + 1) - 0.5)
    most = float(np.nanmax(share))
    cells = Heat(x_edges=edges, y_edges=edges, shade=share)
    if len(names) < len(record.names):
        notes.insert(0, f"The {len(names)} with the largest of {len(record.names):,} parameters.")
    if record.quality is not None:
        notes.append(say_quality(record.quality))
    largest = [
        f"{' and '.join(clean_text(name, 40) for name in pair.names)} {pair.value:.3f}"
        for pair in record.interactions[:_N_TOLD]
        if pair.value >= _LEAST_TOLD
    ]
    none = "No two parameters do more together than 0.1 % of the variance."
    notes.append(f"The largest: {', '.join(largest)}." if largest else none)
    panel = Panel(
        layers=(cells,),
        x=PanelAxis(scale="category", categories=tuple(names)),
        y=PanelAxis(scale="category", categories=tuple(names), reverse=True),
    )
    return Figure(
        title=title,
        panels=(panel,),
        shades=Shades(label="share of the variance", low=0.0, high=most or 1.0),
        notes=tuple(notes),
        height=40.0 + _ROW_HEIGHT * len(names),
    )
