"""Columns: what a batch of trials is given, and hands back, as arrays with a row for each trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import MissingParameterError, TrialError, find_closest
from ..space.distributions import Categorical, Distribution, Int
from ..space.space import Space
from ..typing import Array
from ..validation import count_dimensions, order_values, show, to_list


class ParamColumns(dict[str, Any]):
    """Params of several trials, name to column: a dict, which explains a name that is missing."""

    def __missing__(self, name: Any) -> NoReturn:
        near = find_closest(name, self) if isinstance(name, str) else None
        hint = f"did you mean {near!r}? " if near else ""
        raise MissingParameterError(
            f"the study's space has no parameter {name!r:.100}; {hint}it has "
            f"{', '.join(map(repr, self))[:500]}"
        )


def to_param_columns(space: Space, rows: Sequence[Mapping[str, Any]]) -> ParamColumns:
    """Return the params of n trials as columns.

    Args:
        space: The study's space.
        rows: The params of each trial, name to value; inactive ones left out.

    Returns:
        A new array (n,) for each name of the space. Real numbers are float64, NaN where inactive.
        Whole numbers are int64, and float64 where the parameter has a condition, as NaN is no whole
        number. Choices are objects, None where inactive.
    """
    return ParamColumns(
        (name, _to_column(dist, [row.get(name) for row in rows]))
        for name, dist in space.params.items()
    )


def _to_column(dist: Distribution, values: list[Any]) -> Array:
    if isinstance(dist, Categorical):
        column = np.empty(len(values), dtype=object)
        column[:] = values
        return column
    is_whole = isinstance(dist, Int) and not dist.when and None not in values
    if is_whole:
        return np.array(values, dtype=np.int64)
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def to_rows(
    values: Any, n: int, objectives: Sequence[str], whose: str, error: type[TrialError]
) -> list[Any]:
    """Return the values of n trials one by one, each as a trial alone would give it.

    Args:
        values: n numbers, or n rows of a number for each objective: an array, a tensor with or
            without gradient, a list; or a column for each objective, by name.
        n: Number of trials.
        objectives: Names of the objectives.
        whose: How the message begins: "the objective returned".
        error: The kind of error to raise.

    Raises:
        TrialError: Of the kind given: they are not n.
    """
    if isinstance(values, Mapping):
        columns = order_values(values, objectives, whose, error)
        rows = (to_rows(column, n, objectives[:1], whose, error) for column in columns)
        return list(zip(*rows, strict=True))
    m = len(objectives)
    want = f"a value for each of {n} trials, of shape ({n},{f' {m}' if m > 1 else ''})"
    listed = list(values) if isinstance(values, list | tuple) else to_list(values)
    if listed is None:
        raise error(f"{whose} {show(values)} ({type(values).__name__}); expected {want}")
    if len(listed) != n:
        raise error(f"{whose} {len(listed)} values; expected {want}")
    return listed


def to_column(values: Any, n: int, what: str, error: type[TrialError]) -> list[Any]:
    """Return what n trials are given, one each; what is no column is given to each.

    Args:
        values: An array, a tensor or a list of n; or one thing for all.
        n: Number of trials.
        what: What it is, for the message.
        error: The kind of error to raise.

    Raises:
        TrialError: Of the kind given: it is a column of another length.
    """
    listed = list(values) if isinstance(values, list | tuple) else to_list(values)
    if listed is None:
        return [values] * n
    if len(listed) != n:
        raise error(f"{what} has {len(listed)} values; expected one for each of {n} trials")
    return listed


def to_mask(where: Any, n: int) -> Array:
    """Return which of n trials are meant, as booleans.

    Raises:
        TrialError: It is no column of n booleans.
    """
    listed = list(where) if isinstance(where, list | tuple) else to_list(where)
    if listed is None or len(listed) != n or not all(type(x) in (bool, np.bool_) for x in listed):
        raise TrialError(
            f"which trials are meant is said by {n} booleans, one a trial, got {show(where)}"
        )
    return np.array(listed, dtype=bool)


def take_row(columns: Any, i: int, n: int) -> Any:
    """Return what belongs to one of n trials of a checkpoint that was saved for all.

    Args:
        columns: An array, a tensor or a list of n rows; or a dict of such, also in each other. A
            number or text belongs to each trial.
        i: The trial's place.
        n: Number of trials.

    Raises:
        TrialError: A column has another number of rows.
    """
    if isinstance(columns, Mapping):
        return {name: take_row(column, i, n) for name, column in columns.items()}
    if isinstance(columns, list | tuple) or count_dimensions(columns):
        if len(columns) != n:
            raise TrialError(
                f"a column of the checkpoint has {len(columns)} rows; expected one for each of {n} "
                "trials"
            )
        row = columns[i]
        return row.clone() if hasattr(row, "clone") else row
    return columns


def put_row(columns: Any, i: int, row: Any) -> Any:
    """Return columns with what `take_row` had taken from them for one trial.

    Arrays of numpy and tensors are changed in place.

    Args:
        columns: As for `take_row`.
        i: The trial's place.
        row: What the trial's checkpoint holds.
    """
    if isinstance(columns, Mapping):
        return {name: put_row(column, i, row[name]) for name, column in columns.items()}
    if hasattr(columns, "at") and hasattr(columns, "aval"):  # an array of JAX, which stays as it is
        return columns.at[i].set(np.asarray(row))
    if isinstance(columns, tuple):
        return (*columns[:i], row, *columns[i + 1 :])
    if isinstance(columns, list) or count_dimensions(columns):
        columns[i] = row
    return columns
