"""From the rows of Optuna's tables to trials and back."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from ...distributions import json_to_distribution
from ...trial.frozen import FrozenTrial
from ...trial.state import TrialState
from .database import Database

_MANY = 400  # numbers in one query


def split_number(value: float) -> tuple[float | None, str]:
    """A number as columns have it: the number, where it is finite, and its kind."""
    if math.isnan(value):
        return None, "NAN"
    if math.isinf(value):
        return None, "INF_POS" if value > 0 else "INF_NEG"
    return float(value), "FINITE"


def join_number(number: float | None, kind: str) -> float:
    """The number that columns have."""
    special = {"NAN": math.nan, "INF_POS": math.inf, "INF_NEG": -math.inf}
    if kind in special:
        return special[kind]
    assert number is not None
    return float(number)


def to_moment(value: Any) -> datetime.datetime | None:
    """The moment, of the clock on the wall here, that a column has as one of UTC."""
    if value is None:
        return None
    moment = read_utc(value)
    return moment.replace(tzinfo=datetime.UTC).astimezone().replace(tzinfo=None)


def read_utc(value: Any) -> datetime.datetime:
    """A moment of UTC as a column has it."""
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime.fromisoformat(str(value))


def to_utc(moment: datetime.datetime | None) -> datetime.datetime | None:
    """A moment of the clock on the wall here as one of UTC, without a zone."""
    return None if moment is None else moment.astimezone(datetime.UTC).replace(tzinfo=None)


def read_trials(database: Database, trial_ids: Sequence[int]) -> list[FrozenTrial]:
    """Return trials by their numbers in the storage, in this order; those that are there."""
    found: dict[int, FrozenTrial] = {}
    with database.transaction():
        for i in range(0, len(trial_ids), _MANY):
            found.update(_read_some(database, trial_ids[i : i + _MANY]))
    return [found[i] for i in trial_ids if i in found]


def _read_some(database: Database, trial_ids: Sequence[int]) -> dict[int, FrozenTrial]:
    marks = f"({', '.join('?' * len(trial_ids))})"

    def select(columns: str, table: str, order: str) -> Iterable[Any]:
        query = f"SELECT {columns} FROM {table} WHERE trial_id IN {marks} ORDER BY {order}"
        return database.read(query, tuple(trial_ids))

    trials: dict[int, FrozenTrial] = {}
    columns = "trial_id, number, state, datetime_start, datetime_complete"
    for trial_id, number, state, start, end in select(columns, "trials", "trial_id"):
        trials[trial_id] = FrozenTrial(
            number=number,
            state=TrialState[state],
            value=None,
            datetime_start=to_moment(start),
            datetime_complete=to_moment(end),
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            trial_id=trial_id,
        )
    columns = "trial_id, param_name, param_value, distribution_json"
    for trial_id, name, value, text in select(columns, "trial_params", "param_id"):
        distribution = json_to_distribution(text)
        trials[trial_id].params[name] = distribution.to_external_repr(value)
        trials[trial_id].distributions[name] = distribution
    columns = "trial_id, value, value_type"
    for trial_id, value, kind in select(columns, "trial_values", "objective"):
        trial = trials[trial_id]
        trial.values = [*(trial.values or ()), join_number(value, kind)]
    columns = "trial_id, step, intermediate_value, intermediate_value_type"
    for trial_id, step, value, kind in select(columns, "trial_intermediate_values", "step"):
        trials[trial_id].intermediate_values[step] = join_number(value, kind)
    for kind in ("user", "system"):
        columns = 'trial_id, "key", value_json'
        table = f"trial_{kind}_attributes"
        for trial_id, key, text in select(columns, table, f"trial_{kind}_attribute_id"):
            getattr(trials[trial_id], f"{kind}_attrs")[key] = json.loads(text)
    return trials
