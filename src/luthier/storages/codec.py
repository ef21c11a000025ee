"""How a trial is written as JSON: the parts of it that no query looks at.

Numbers that are not finite are written as text ('inf', 'nan'), since JSON has none and SQLite would
make NaN a NULL.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from ..trial.record import State, Told, TrialRow, Turn


class _Body(msgspec.Struct, omit_defaults=True):
    params: dict[str, Any] = {}
    values: list[float | str] | None = None
    tags: dict[str, Any] = {}
    error: str | None = None
    checkpoints: tuple[dict[str, Any], ...] = ()
    turns: tuple[Turn, ...] = ()
    started_s: float | None = None
    finished_s: float | None = None
    worker: str = ""
    cost: float | None = None  # a file without it, or what follows, reads as before
    constraints: dict[str, float | str] = {}


_decoder = msgspec.json.Decoder(_Body)
_encode = msgspec.json.Encoder().encode


def text(value: Any) -> str:
    """Anything in JSON's types, as JSON."""
    return _encode(value).decode()


def number(v: float) -> float | str:
    """A number, or its name where it is not finite; `float` reads both."""
    return v if math.isfinite(v) else str(float(v))


def written(v: Told) -> float | str:
    """What was reported, in a form that comes back as it was: several numbers as a JSON list."""
    return text([number(x) for x in v]) if isinstance(v, tuple) else number(v)


def told(v: float | str) -> Told:
    """What `written` wrote."""
    return (
        tuple(float(x) for x in msgspec.json.decode(v))
        if isinstance(v, str) and v[:1] == "["
        else float(v)
    )


def body(row: TrialRow) -> str:
    """The JSON of a trial, beside its number, state, token, lease, retries and reports."""
    values = None if row.values is None else [number(v) for v in row.values]
    return text(
        _Body(
            row.params,
            values,
            row.tags,
            row.error,
            row.checkpoints,
            row.turns,
            row.started_s,
            row.finished_s,
            row.worker,
            row.cost,
            {name: number(v) for name, v in row.constraints.items()},
        )
    )


def trial(record: Sequence[Any], reports: tuple[tuple[float, Told], ...] = ()) -> TrialRow:
    """A trial from (number, state, token, lease_s, retries, body).

    Raises:
        ValueError: It is none.
        TypeError: It is none.
    """
    number, state, token, lease_s, retries, encoded = record
    b = _decoder.decode(encoded)
    return TrialRow(
        number=number,
        state=State(state),
        token=token,
        lease_s=lease_s,
        retries=retries,
        reports=reports,
        params=_tuples(b.params),
        values=None if b.values is None else tuple(float(v) for v in b.values),
        tags=b.tags,
        error=b.error,
        checkpoints=b.checkpoints,
        turns=tuple(Turn(t.step, _tuples(t.params), t.source) for t in b.turns),
        started_s=b.started_s,
        finished_s=b.finished_s,
        worker=b.worker,
        cost=b.cost,
        constraints={name: float(v) for name, v in b.constraints.items()},
    )


def _tuples(params: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where choices have tuples."""
    for name, v in params.items():
        if type(v) is list:
            params[name] = _tuple(v)
    return params


def _tuple(v: Any) -> Any:
    return tuple(_tuple(x) for x in v) if type(v) is list else v
