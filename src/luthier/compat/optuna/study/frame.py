"""The trials of a study as a table of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..trial.frozen import FrozenTrial
from ..trial.state import TrialState

if TYPE_CHECKING:
    import pandas as pd

    from .shape import StudyLike

Column = tuple[str, Any]


def collect_rows(
    study: StudyLike, attrs: tuple[str, ...]
) -> tuple[list[dict[Column, Any]], list[Column]]:
    """Return a row for each trial, and the columns in their order.

    Args:
        study: The study.
        attrs: Fields of a trial.
    """
    several = len(study.directions) > 1
    attrs = tuple("values" if a == "value" and several else a for a in attrs)
    names = study.metric_names

    rows: list[dict[Column, Any]] = []
    columns: dict[str, dict[Column, None]] = {attr: {} for attr in attrs}
    for trial in study.get_trials(deepcopy=False):
        row: dict[Column, Any] = {}
        for attr in attrs:
            cells = _cells(attr, trial, names, len(study.directions))
            row.update(cells)
            columns[attr].update(dict.fromkeys(cells))
        rows.append(row)

    order: list[Column] = []
    for attr in dict.fromkeys(attrs):
        found = list(columns[attr])
        order += found if attr == "values" and names else sorted(found)
    return rows, order


def make_frame(study: StudyLike, attrs: tuple[str, ...], multi_index: bool) -> pd.DataFrame:
    """Return a row for each trial.

    Args:
        study: The study.
        attrs: Fields of a trial.
        multi_index: Whether columns have two levels; else these are joined by "_".
    """
    import pandas as pd

    rows, order = collect_rows(study, attrs)
    if not rows:
        return pd.DataFrame()
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(order))
    if not multi_index:
        frame.columns = ["_".join(str(part) for part in c if part != "") for c in order]
    return frame


def _cells(
    attr: str, trial: FrozenTrial, names: list[str] | None, n_objectives: int
) -> dict[Column, Any]:
    """What one field of a trial puts into the table."""
    value = getattr(trial, attr)
    column = attr.removeprefix("_")
    if attr == "value":
        return {(column, names[0] if names else ""): value}
    if attr == "values":
        values = [None] * n_objectives if value is None else value
        return {(column, k): v for k, v in zip(names or range(len(values)), values, strict=False)}
    if isinstance(value, TrialState):
        return {(column, ""): value.name}
    if isinstance(value, dict):
        return {(column, key): v for key, v in value.items()}
    if isinstance(value, list):
        return {(column, i): v for i, v in enumerate(value)}
    return {(column, ""): value}
