"""Trials as flat rows, for tables and files; and the check of rows that come from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..errors import TrialError
from ..space.distributions import to_tuples
from ..validation import are_named, check_cost, check_result_constraint, check_values, to_json_types
from .record import State, TrialRow


def to_records(rows: Iterable[TrialRow], objectives: Sequence[str]) -> list[dict[str, Any]]:
    """Return trials as flat dicts, for tables and files.

    Values stand under "value" or "value_0", "value_1", ...; under "values.NAME" where objectives
    have names. There is a cost, and there are constraints, where any trial noted some.
    """
    rows = list(rows)
    has_cost = any(r.cost is not None for r in rows)
    names = [f"values.{name}" for name in objectives] if are_named(objectives) else list(objectives)
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
        }
        for r in rows
    ]


def check_added(rows: Iterable[TrialRow], objectives: Sequence[str]) -> list[TrialRow]:
    """Return trials that come from elsewhere as a study stores them.

    Raises:
        TrialError: A trial is running, or complete without its values or with NaN, or holds what
            cannot be stored.
        ObjectiveValueError: There is not one number for each objective.
        CostError: A cost is not a finite number >= 0.
        ResultConstraintError: A constraint is not a number.
    """
    checked = []
    for row in rows:
        if row.state == State.RUNNING:
            raise TrialError(
                "a running trial belongs to a worker and cannot be added; set state to WAITING"
            )
        if row.state == State.COMPLETE and row.values is None:
            raise TrialError(f"a complete trial needs {len(objectives)} values, got {row.values!r}")
        values = row.values
        if values is not None:
            values = check_values(values, objectives, "an added trial has")
        cost = row.cost
        if cost is not None:
            cost = check_cost(cost, "an added trial")
        constraints = {}
        if row.state != State.WAITING:
            constraints = {
                name: check_result_constraint(name, v, "an added trial")
                for name, v in row.constraints.items()
            }
        results = [*(values or ()), *constraints.values()]
        if row.state == State.COMPLETE and any(map(math.isnan, results)):
            raise TrialError(
                f"a complete trial has no NaN, got values {values} and constraints {constraints}"
            )

        params = {k: to_tuples(to_json_types(v)) for k, v in row.params.items()}
        checked.append(
            msgspec.structs.replace(
                row,
                params=params,
                values=values,
                cost=cost,
                constraints=constraints,
                checkpoints=(),
                turns=(),
            )
        )
    return checked
