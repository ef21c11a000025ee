"""Trials as rows: for tables and files, and from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .distributions import tuples
from .errors import TrialError
from .trial import State, TrialRow, checked_cost, jsonable


def records(rows: Iterable[TrialRow], n_values: int) -> list[dict[str, Any]]:
    """Trials as flat dicts, for tables and files; with a cost where any of them has one."""
    rows = list(rows)
    costly = any(r.cost is not None for r in rows)
    names = ["value"] if n_values == 1 else [f"value_{i}" for i in range(n_values)]
    return [
        {
            "number": r.number,
            "state": r.state.name.lower(),
            **dict(zip(names, r.values or (None,) * n_values, strict=False)),
            "duration_s": r.duration_s,
            **({"cost": r.cost} if costly else {}),
            **{f"params.{k}": v for k, v in r.params.items()},
            **{f"tags.{k}": v for k, v in r.tags.items()},
        }
        for r in rows
    ]


def addable(rows: Iterable[TrialRow], n_values: int) -> list[TrialRow]:
    """Trials that come from elsewhere, as a study keeps them.

    Raises:
        TrialError: One is running, complete without its values, or holds what cannot be stored.
        CostError: A cost is not a finite number >= 0.
    """
    out = []
    for row in rows:
        if row.state == State.RUNNING:
            raise TrialError("a running trial belongs to a worker and cannot be added; set state to WAITING")
        if row.state == State.COMPLETE and (row.values is None or len(row.values) != n_values):
            raise TrialError(f"a complete trial needs {n_values} values, got {row.values!r}")
        cost = None if row.cost is None else checked_cost(row.cost, "an added trial")
        params = {k: tuples(jsonable(v)) for k, v in row.params.items()}
        out.append(msgspec.structs.replace(row, params=params, cost=cost, checkpoints=(), turns=()))
    return out
