"""Trials in JSON: as storages keep them, as they travel, and as clients of the service see them.

Each of these forms is a struct whose fields are those of `TrialRow`, by `with_trial_fields`. A new
field of `TrialRow` is written and read by all of them; only one that JSON cannot hold as it is
needs a line here.

Numbers that are not finite are written as text ('inf', 'nan'), since JSON has none and SQLite would
make NaN a NULL. Tuples are written as lists.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Any, Literal, TypedDict, TypeVar

import msgspec
import numpy as np
from msgspec.structs import asdict, replace

from ..errors import UnstorableError
from ..trial.record import ReportValue, State, TrialRow, Turn

MAX_DEPTH = 200  # of lists and dicts within each other; what is checked has less than half of that

Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Number = float | Literal["nan", "inf", "-inf"]
"""A number as JSON can hold it."""


class Point(msgspec.Struct, forbid_unknown_fields=True):
    """Value that a trial reported at a step: a number, or one for each of several objectives."""

    step: float
    value: Number | list[Number]


# -- numbers ----------------------------------------------------------------------------------

_encode = msgspec.json.Encoder().encode
_decode_numbers = msgspec.json.Decoder(list[Number]).decode
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(rb"[^][{}]++")
_TOO_DEEP = f"its lists and dicts are more than {MAX_DEPTH} deep within each other"


def to_json(value: Any) -> str:
    """Return a value in JSON's types as text.

    Raises:
        UnstorableError: It has no JSON form, or one that is too deep to be read.
    """
    data = to_json_bytes(value)
    if is_deeper(data, MAX_DEPTH):
        raise UnstorableError(f"this has no JSON form: {_TOO_DEEP}")
    return data.decode()


def to_json_bytes(value: Any) -> bytes:
    """Return a value in JSON's types as UTF-8; see `to_json`."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as e:
        raise UnstorableError(f"this has no JSON form: {e}") from e


def require_shallow(text: str | bytes) -> None:
    """Refuse JSON that `to_json` does not write: whoever decodes it, or looks at it, may fail.

    Raises:
        ValueError: Its lists and dicts are too deep within each other.
    """
    if is_deeper(text.encode() if isinstance(text, str) else text, MAX_DEPTH):
        raise ValueError(_TOO_DEEP)


def is_deeper(data: bytes, most: int) -> bool:
    """Return whether JSON has more lists and dicts within each other than these."""
    if data.count(b"[") + data.count(b"{") <= most:
        return False
    brackets = np.frombuffer(_NO_BRACKET.sub(b"", _TEXT.sub(b"", data)), np.uint8)
    opens = (brackets == ord("[")) | (brackets == ord("{"))
    depth = np.cumsum(np.where(opens, 1, -1), dtype=np.int64)
    return bool(depth.max(initial=0) > most)


def pack_number(v: float) -> Any:
    """Return a number, or its name where it is not finite; `float` reads both."""
    return v if math.isfinite(v) else str(float(v))


def pack_numbers(values: Mapping[str, float]) -> dict[str, Any]:
    """Return numbers by name in the form that JSON can hold."""
    return {name: pack_number(v) for name, v in values.items()}


def pack_value(value: ReportValue) -> Any:
    """Return a reported value in the form that JSON can hold: a number or a list of them."""
    return [pack_number(v) for v in value] if isinstance(value, tuple) else pack_number(value)


def unpack_value(value: Any) -> ReportValue:
    """Return a reported value from the form that `pack_value` gave it."""
    return tuple(float(v) for v in value) if isinstance(value, list) else float(value)


def value_to_column(value: ReportValue) -> float | str:
    """Return a reported value for a column of a table: several numbers are a JSON list."""
    return to_json(pack_value(value)) if isinstance(value, tuple) else pack_number(value)


def value_from_column(column: float | str) -> ReportValue:
    """Return a reported value from the form that `value_to_column` gave it."""
    if isinstance(column, str) and column[:1] == "[":
        return unpack_value(_decode_numbers(column))
    return float(column)


# -- params: JSON has lists where choices are tuples ------------------------------------------


def unpack_params(params: dict[str, Any]) -> dict[str, Any]:
    """Return params as they were before JSON made lists of their tuples; in place."""
    if list in map(type, params.values()):
        for name, v in params.items():
            if type(v) is list:
                params[name] = _to_tuple(v)
    return params


def unpack_turn(turn: Turn) -> Turn:
    """Return a turn as it was before JSON made lists of the tuples in its params."""
    unpack_params(turn.params)
    return turn


def _to_tuple(v: Any) -> Any:
    return tuple(_to_tuple(x) for x in v) if type(v) is list else v


# -- trials -----------------------------------------------------------------------------------

# The types of fields in JSON, where they are not those of `TrialRow`.
_TYPES: dict[str, Any] = {
    "number": Whole,
    "values": tuple[Number, ...] | None,
    "reports": tuple[Point, ...],
    "token": Whole,
    "retries": Count,
    "constraints": dict[str, Number],
}

# What makes these forms of the fields, and the fields of these forms; what is empty stays so.
_PACK: dict[str, Callable[[Any], Any]] = {
    "values": lambda values: tuple(map(pack_number, values)),
    "reports": lambda reports: tuple(Point(step, pack_value(v)) for step, v in reports),
    "constraints": pack_numbers,
}
_UNPACK: dict[str, Callable[[Any], Any]] = {
    "params": unpack_params,
    "proposal": unpack_params,
    "values": lambda values: tuple(map(float, values)),
    "reports": lambda reports: tuple((p.step, unpack_value(p.value)) for p in reports),
    "turns": lambda turns: tuple(map(unpack_turn, turns)),
    "constraints": lambda constraints: {name: float(v) for name, v in constraints.items()},
}

# Fields with a column or place of their own beside the body, so that storages can query them.
_COLUMNS = ("number", "state", "token", "lease_s", "retries", "reports")

S = TypeVar("S", bound=msgspec.Struct)


def with_trial_fields(
    leave_out: Collection[str] = (),
    types: Mapping[str, Any] | None = None,
    required: bool = False,
    omit_defaults: bool = False,
) -> Callable[[type[S]], type[S]]:
    """Give a struct the fields of `TrialRow`, in JSON's types; a decorator for an empty class.

    Args:
        leave_out: Fields that it does not get.
        types: The types of fields where they are others than usual.
        required: No field has a default.
        omit_defaults: Fields that have their default are not written.
    """
    kinds = _TYPES | dict(types or {})

    def decorate(struct: type[S]) -> type[S]:
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for f in msgspec.structs.fields(TrialRow):
            kind = kinds.get(f.name, f.type)
            if f.name in leave_out:
                continue
            if required or f.required:
                fields.append((f.name, kind))
            elif f.default_factory is not msgspec.NODEFAULT:
                fields.append((f.name, kind, msgspec.field(default_factory=f.default_factory)))
            else:
                fields.append((f.name, kind, f.default))
        return msgspec.defstruct(  # type: ignore[return-value]
            struct.__name__,
            fields,
            bases=(struct,),
            module=struct.__module__,
            namespace={"__doc__": struct.__doc__},
            omit_defaults=omit_defaults,
        )

    return decorate


def pack_trial(row: TrialRow, struct: type[S], **other: Any) -> S:
    """Return a trial as a struct that has its fields, or some of them.

    Args:
        row: The trial.
        struct: A class that `with_trial_fields` has made.
        other: Fields whose values are not those of the trial.
    """
    # Every trial that is stored comes through here. The values are in the order of the struct's
    # own list of fields, which is where their places come from as well.
    get, packers = _plan(struct)
    values = list(get(row))
    for i, pack in packers:
        if values[i]:
            values[i] = pack(values[i])
    packed = struct(*values)
    return replace(packed, **other) if other else packed


def unpack_trial(struct: msgspec.Struct, **other: Any) -> TrialRow:
    """Return a trial from a struct that `pack_trial` has made.

    Args:
        struct: The struct, whose params are not used again.
        other: Fields that it does not have.
    """
    fields = asdict(struct)
    _unpack(fields)
    return TrialRow(**fields, **other)


def _unpack(fields: dict[str, Any]) -> None:
    """Make fields what they are in `TrialRow`, in place."""
    for name in fields:
        if name in _UNPACK and fields[name]:
            fields[name] = _UNPACK[name](fields[name])


@functools.cache
def _plan(struct: type[msgspec.Struct]) -> tuple[Callable[[TrialRow], Any], list[tuple[int, Any]]]:
    """Return what reads the fields of a struct from a row, and what packs which of them."""
    names = struct.__struct_fields__
    packers = [(i, _PACK[name]) for i, name in enumerate(names) if name in _PACK]
    return attrgetter(*names), packers


@with_trial_fields(leave_out=_COLUMNS, omit_defaults=True)
class _Body(msgspec.Struct):
    """Fields that no query looks at; a field that was not stored reads as its default."""


# What was written of them, as a dict: to make an object of each costs as much as to decode it.
_Written = TypedDict(  # type: ignore[misc]
    "_Written", {f.name: f.type for f in msgspec.structs.fields(_Body)}, total=False
)
_written: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Written)
_decode_body: Callable[[str | bytes], dict[str, Any]] = _written.decode
_STATES: dict[int, State] = {state.value: state for state in State}


def encode_body(row: TrialRow) -> str:
    """Return the JSON of a trial: all but its number, state, token, lease, retries and reports."""
    return to_json(pack_trial(row, _Body))


def decode_trial(
    record: Sequence[Any], reports: tuple[tuple[float, ReportValue], ...] = ()
) -> TrialRow:
    """Return a trial from its columns.

    Args:
        record: Its number, state, token, lease_s, retries and body.
        reports: Its reports, by step.

    Raises:
        ValueError: It is no trial.
        TypeError: It is no trial.
    """
    number, state, token, lease_s, retries, body = record
    require_shallow(body)
    fields = _decode_body(body)
    _unpack(fields)
    return TrialRow(
        **fields,
        number=int(number),
        state=_STATES.get(state) or State(state),
        token=int(token),
        lease_s=float(lease_s),
        retries=int(retries),
        reports=reports,
    )
