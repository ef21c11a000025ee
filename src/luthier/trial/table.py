"""Trials as flat rows, for tables and files; and the check of rows that come from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..errors import DistributionError, TrialError, UnstorableError
from ..space.choices import to_choice
from ..validation import (
    MAX_SPACE_BYTES,
    are_named,
    check_cost,
    check_parameter_name,
    check_real,
    check_result_constraint,
    check_tags,
    check_values,
    check_whole,
    is_text,
    measure_json,
    show,
    to_error_text,
    to_plain_text,
)
from .record import ReportValue, State, TrialRow

_MANY_RETRIES = 2**31 - 1  # storages count no further


def to_table(rows: Iterable[TrialRow], objectives: Sequence[str]) -> dict[str, list[Any]]:
    """Return trials as columns, name to values; see `list_columns`."""
    records = to_records(rows, objectives)
    return {
        name: [record.get(name) for record in records] for name in list_columns(records, objectives)
    }


def list_columns(records: Iterable[Mapping[str, Any]], objectives: Sequence[str]) -> list[str]:
    """Return the columns of a table of trials: those that any study has, also without trials.

    The reasons of failures come last.
    """
    columns = dict.fromkeys(["number", "state", *_value_names(objectives), "duration_s"])
    columns.update(dict.fromkeys(name for record in records for name in record))
    return sorted(columns, key=lambda name: name == "error")


def _value_names(objectives: Sequence[str]) -> list[str]:
    return [f"values.{name}" for name in objectives] if are_named(objectives) else list(objectives)


def to_records(rows: Iterable[TrialRow], objectives: Sequence[str]) -> list[dict[str, Any]]:
    """Return trials as flat dicts, for tables and files.

    Values stand under "value" or "value_0", "value_1", ...; under "values.NAME" where objectives
    have names. There is a cost, and there are constraints, where any trial noted some, and where
    any has failed, the first line of its "error".
    """
    rows = list(rows)
    has_cost = any(r.cost is not None for r in rows)
    has_failed = any(r.error for r in rows)
    names = _value_names(objectives)
    constraints = dict.fromkeys(name for r in rows for name in r.constraints)
    return [
        {
            "number": r.number,
            "state": r.state.name.lower(),
            **dict(zip(names, r.values or (None,) * len(names), strict=False)),
            "duration_s": r.duration_s,
            **({"cost": r.cost} if has_cost else {}),
            **{f"constraints.{k}": r.constraints.get(k) for k in constraints},
            **{f"params.{k}": v for k, v in r.params.items()},
            **{f"tags.{k}": v for k, v in r.tags.items()},
            **({"error": r.error.splitlines()[0] if r.error else None} if has_failed else {}),
        }
        for r in rows
    ]


def check_added(rows: Iterable[TrialRow], objectives: Sequence[str]) -> list[TrialRow]:
    """Return trials that come from elsewhere as a study stores them.

    Raises:
        TrialError: A trial is running, or complete without its values or with NaN, or holds what
            cannot be stored or read again.
        ObjectiveValueError: There is not one number for each objective.
        CostError: A cost is not a finite number >= 0.
        ResultConstraintError: A constraint is not a number.
    """
    if (
        isinstance(rows, TrialRow)
        or not isinstance(rows, Iterable)
        or isinstance(rows, str | bytes)
    ):
        raise TrialError(f"expected a list of rows of the class TrialRow, got {show(rows)}")
    return [_check_row(row, objectives) for row in rows]


def _check_row(row: Any, objectives: Sequence[str]) -> TrialRow:
    """Return one trial as a study stores it; each field in the type in which it is read."""
    if not isinstance(row, TrialRow):
        raise TrialError(f"expected rows of the class TrialRow, got {show(row)}")
    _check_state(row.state)
    values = row.values
    if values is not None:
        values = check_values(values, objectives, "an added trial has")
    constraints = {} if row.state == State.WAITING else _check_constraints(row.constraints)
    if row.state == State.COMPLETE:
        _check_complete(values, constraints, objectives)

    fields = msgspec.structs.asdict(row) | {
        "number": -1,
        "params": _check_params(row.params),
        "values": values,
        "reports": _check_reports(row.reports, objectives),
        "tags": check_tags(row.tags, "an added trial"),
        "error": to_error_text(row.error) if isinstance(row.error, str) else row.error,
        "checkpoints": (),
        "turns": (),
        "started_s": _check_time("started_s", row.started_s),
        "finished_s": _check_time("finished_s", row.finished_s),
        "worker": _check_worker(row.worker),
        "token": 0,
        "lease_s": 0.0,
        "retries": _check_retries(row.retries),
        "cost": None if row.cost is None else check_cost(row.cost, "an added trial"),
        "constraints": constraints,
        "proposal": {},
    }
    try:
        return msgspec.convert(fields, TrialRow)
    except msgspec.ValidationError as e:
        raise TrialError(f"an added trial cannot be stored: {e}") from None


def _check_state(state: Any) -> None:
    if not isinstance(state, State):
        raise TrialError(
            f"the state of an added trial is one of luthier.trial.State, got {show(state)} "
            f"({type(state).__name__}); other libraries number states otherwise"
        )
    if state == State.RUNNING:
        raise TrialError(
            "a running trial belongs to a worker and cannot be added; set state to WAITING"
        )


def _check_complete(
    values: tuple[float, ...] | None, constraints: dict[str, float], objectives: Sequence[str]
) -> None:
    if values is None:
        raise TrialError(f"a complete trial needs {len(objectives)} values, got None")
    if any(map(math.isnan, (*values, *constraints.values()))):
        raise TrialError(
            f"a complete trial has no NaN, got values {values} and constraints {constraints}"
        )


def _check_params(params: Any) -> dict[str, Any]:
    checked = {}
    for name, value in _check_mapping("params", params).items():
        plain = check_parameter_name(name, TrialError)
        try:
            checked[plain] = to_choice(value)
        except DistributionError as e:
            raise TrialError(f"param {plain!r:.100} of an added trial: {e}") from None
    if measure_json(checked) > MAX_SPACE_BYTES:
        raise UnstorableError(f"params of an added trial have at most {MAX_SPACE_BYTES:,} bytes")
    return checked


def _check_constraints(constraints: Any) -> dict[str, float]:
    checked = {}
    for name, value in _check_mapping("constraints", constraints).items():
        number = check_result_constraint(name, value, "an added trial")
        checked[to_plain_text(name)] = number
    return checked


def _check_reports(
    reports: Any, objectives: Sequence[str]
) -> tuple[tuple[float, ReportValue], ...]:
    try:
        checked = tuple(_check_report(step, value, objectives) for step, value in reports)
    except (TypeError, ValueError) as e:
        raise TrialError(
            "reports of an added trial are pairs of a step and a value, one for each objective, "
            f"got {show(reports)}: {e}"
        ) from None
    return checked


def _check_report(step: Any, value: Any, objectives: Sequence[str]) -> tuple[float, ReportValue]:
    values = check_values(value, objectives, "an added trial reported")
    return check_real("step", step), values if len(objectives) > 1 else values[0]


def _check_time(name: str, value: Any) -> float | None:
    try:
        return None if value is None else check_real(name, value)
    except ValueError:
        raise TrialError(
            f"{name} of an added trial is a time in seconds since 1970, got {show(value)} "
            f"({type(value).__name__}); of a datetime it is .timestamp()"
        ) from None


def _check_worker(name: Any) -> str:
    if not is_text(name):
        raise TrialError(f"worker of an added trial is text, got {show(name)}")
    return to_plain_text(name)


def _check_retries(n: Any) -> int:
    try:
        return min(check_whole("retries of an added trial", n, 0), _MANY_RETRIES)
    except ValueError as e:
        raise TrialError(str(e)) from None


def _check_mapping(name: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise TrialError(f"{name} of an added trial are a dict, got {show(value)}")
    return value
