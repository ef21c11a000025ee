"""Trials as rows: for tables and files, and from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..errors import TrialError
from ..space.distributions import tuples
from ..validation import are_named, check_cost, check_result_constraint, check_values, to_json_types
from .record import State, TrialRow


def records(rows: Iterable[TrialRow], objectives: Sequence[str]) -> list[dict[str, Any]]:
    """Trials as flat dicts, for tables and files.

    With a cost, and constraints, where any of them told.

    Values stand under "value" or "value_0", "value_1", ...; under "values.NAME" where objectives
    have names.
    """
    rows = list(rows)
    costly = any(r.cost is not None for r in rows)
    names = [f"values.{name}" for name in objectives] if are_named(objectives) else list(objectives)
    limits = dict.fromkeys(name for r in rows for name in r.constraints)
    return [
        {
            "number": r.number,
            "state": r.state.name.lower(),
            **dict(zip(names, r.values or (None,) * len(names), strict=False)),
            "duration_s": r.duration_s,
            **({"cost": r.cost} if costly else {}),
            **{f"constraints.{k}": r.constraints.get(k) for k in limits},
            **{f"params.{k}": v for k, v in r.params.items()},
            **{f"tags.{k}": v for k, v in r.tags.items()},
        }
        for r in rows
    ]


def addable(rows: Iterable[TrialRow], objectives: Sequence[str]) -> list[TrialRow]:
    """Trials that come from elsewhere, as a study keeps them.

    Raises:
        TrialError: One is running, complete without its values or with NaN, or holds what cannot be
            stored.
        ObjectiveValueError: There is not one number for each objective.
        CostError: A cost is not a finite number >= 0.
        ResultConstraintError: A constraint is not a number.
    """
    out = []
    for row in rows:
        if row.state == State.RUNNING:
            raise TrialError(
                "a running trial belongs to a worker and cannot be added; set state to WAITING"
            )
        if row.state == State.COMPLETE and row.values is None:
            raise TrialError(f"a complete trial needs {len(objectives)} values, got {row.values!r}")
        values = (
            None
            if row.values is None
            else check_values(row.values, objectives, "an added trial has")
        )
        cost = None if row.cost is None else check_cost(row.cost, "an added trial")
        params = {k: tuples(to_json_types(v)) for k, v in row.params.items()}
        told = {} if row.state == State.WAITING else row.constraints
        limits = {k: check_result_constraint(k, v, "an added trial") for k, v in told.items()}
        if row.state == State.COMPLETE and any(
            map(math.isnan, [*(values or ()), *limits.values()])
        ):
            raise TrialError(
                f"a complete trial has no NaN, got values {values} and constraints {limits}"
            )
        out.append(
            msgspec.structs.replace(
                row,
                params=params,
                values=values,
                cost=cost,
                constraints=limits,
                checkpoints=(),
                turns=(),
            )
        )
    return out
