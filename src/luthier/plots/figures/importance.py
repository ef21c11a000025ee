"""How much each parameter matters, with intervals."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ...analysis.importances.ranking import importance as find_importance
from ...analysis.importances.result import Importance
from ...argument_names import explain_arguments
from ...wording import count_of
from ..drawing import Backend, draw
from ..figure import Bars, Figure, Layer, Panel, PanelAxis
from ..look import Theme
from ..source import Source, open_source
from ..texts import clean_text
from .names import OTHER_ARGUMENTS
from .quality import say_quality

_MAX_BARS = 30
_BAR_HEIGHT = 26.0  # pixels
_LABELS = {
    "total": "share of the variance (total index)",
    "first order": "share of the variance (first order)",
    "separation": "separation of the good trials",
    "local": "share of the variance around the best trial",
    "Shapley": "share of the variance (Shapley)",
}


@explain_arguments(OTHER_ARGUMENTS)
def importance(
    study: Source,
    params: Collection[str] | None = None,
    *,
    method: str = "auto",
    objective: int | str | None = None,
    among: float | None = None,
    level: float = 0.9,
    backend: Backend = "auto",
    theme: Theme | None = None,
) -> Any:
    """Plot how much each parameter matters, with intervals; hollow where it may be chance.

    Args:
        study: A study, or its history.
        params: Names; None for all.
        method: See `Study.importance`.
        objective: Its name or position; None for the only one, or the front of several.
        among: Only differences among this share of the best trials count; None for all.
        level: Of the intervals, between 0 and 1.
        backend: See `luthier.plots.draw`.
        theme: See `luthier.plots.draw`.

    Raises:
        UnknownNameError: There is no such method or objective.
        UnknownParameterError: There is no such parameter.
        StudyError: The method needs one objective, and there are several.
        ValueError: `among` or `level` is no share between 0 and 1.
    """
    with open_source(study) as trials:
        record = find_importance(trials.history, method, objective, among, params, level)
    return draw(describe_importance(record), backend, theme)


def describe_importance(record: Importance) -> Figure:
    """Return the figure of importances: a bar each, the most important at the top.

    Where nothing can be said it holds no bars, and says why.
    """
    of = "" if record.objective is None else f" for {record.objective}"
    title = f"Importance of parameters{of} ({record.method})"
    if not record.names:
        return Figure(title=title, notes=(record.note, f"From {count_of(record.n, 'trial')}."))
    note = f"; {record.note}" if record.note else ""
    notes = [f"From {count_of(record.n, 'trial')}{note}."]
    if record.quality is not None:
        notes.append(say_quality(record.quality))

    k = min(_MAX_BARS, len(record.names))
    if k < len(record.names):
        notes.insert(0, f"The {k} most important of {len(record.names):,} parameters.")
    layers = [_bars_of(record, k, important) for important in (True, False)]
    panel = Panel(
        layers=tuple(layer for layer in layers if layer is not None),
        x=PanelAxis(label=_LABELS.get(record.index, record.index)),
        y=PanelAxis(scale="category", categories=record.names[:k], reverse=True),
    )
    if np.isfinite(record.low[:k]).any():
        notes.append(f"Whiskers: {100 * record.level:g} % intervals.")
    return Figure(title=title, panels=(panel,), notes=tuple(notes), height=30.0 + _BAR_HEIGHT * k)


def _bars_of(record: Importance, k: int, important: bool) -> Layer | None:
    """The bars of those that are told from parameters without effect, or of the others."""
    of = np.flatnonzero(record.important[:k] == important)
    if not len(of):
        return None
    return Bars(
        at=of.astype(float),
        start=np.zeros(len(of)),
        end=record.values[of],
        horizontal=True,
        hollow=not important,
        label="important" if important else "may be without effect",
        interval=np.stack([record.low[of], record.high[of]], axis=1),
        hover=tuple(_say_bar(record, i) for i in of.tolist()),
    )


def _say_bar(record: Importance, i: int) -> str:
    """What a bar says when it is pointed at."""
    text = f"{clean_text(record.names[i], 80)}: {record.values[i]:.3f}"
    if np.isfinite(record.low[i]):
        text += f" ({record.low[i]:.3f} to {record.high[i]:.3f})"
    return f"{text}, p = {record.p_value[i]:.2g}"
