"""Choices: in the form in which they are stored, and the text that tells them apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..errors import DistributionError
from ..validation import (
    MAX_SPACE_BYTES,
    count_dimensions,
    is_text,
    show,
    split_values,
    to_list,
    to_number,
    to_plain_text,
    unwrap,
)

_LARGE = 1e300  # NaN is not below it
_MAX_DEPTH = 50  # levels of sequences in a choice; the service reads 64, with what is around it
_MAX_MEMBERS = MAX_SPACE_BYTES // 2  # choices of one digit, with commas, that a space can hold


def to_choice(value: Any, depth: int = 0) -> Any:
    """Return a choice in the form in which it is stored: plain, and a tuple where it is a sequence.

    Args:
        value: None, a bool, a number of any type, text, or a (nested) sequence of them; an array or
            a tensor is a sequence.
        depth: How deep in another one it is.

    Raises:
        DistributionError: The value has no JSON form, so no storage could keep it.
    """
    kind = type(value)  # the most frequent ones first, and quickly
    if kind is str and value.isascii():
        return value
    if (kind is float or kind is int) and abs(value) < _LARGE:
        return value
    value = unwrap(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not is_text(value):
            raise DistributionError(f"a choice has no lone surrogates, got {show(value)}")
        return to_plain_text(value)

    is_bytes = isinstance(value, bytes | bytearray | memoryview)
    parts = value if isinstance(value, Sequence) and not is_bytes else to_list(value)
    if parts is not None and depth < _MAX_DEPTH and len(parts) <= _MAX_MEMBERS:
        return tuple(to_choice(v, depth + 1) for v in parts)
    number = None if parts is not None else to_number(value)
    if number is not None:
        return _check_finite_choice(number, value)
    raise DistributionError(
        f"a choice must be None, a bool, a number, a string or a sequence of these, got "
        f"{show(value)} ({type(value).__name__}); give it a name and look the object up in the "
        "objective"
    )


def choice_key(value: Any) -> str:
    """Return the JSON text that identifies a choice: 1, 1.0, True and "1" are four of them.

    Raises:
        DistributionError: As `to_choice` says.
    """
    return msgspec.json.encode(to_choice(value)).decode()


def find_choice(index: Mapping[str, int], key: str) -> int | None:
    """Return the position of a choice by its key; None where there is none.

    A number without a choice of its very type is the choice that equals it: 64.0 is 64.

    Args:
        index: The positions of the choices, by their keys.
        key: See `choice_key`.
    """
    i = index.get(key)
    if i is not None or not (key[0] == "-" or key[0].isdigit()):
        return i
    number = float(key)
    same = int(number) if "." in key and number.is_integer() else number
    return index.get(choice_key(same))


def read_weights(prior: Any, choices: Sequence[Any], keys: Collection[str]) -> list[Any]:
    """Return one weight for each choice, from those of some by name, or of all.

    Args:
        prior: The weights.
        choices: The choices.
        keys: Their keys.

    Raises:
        DistributionError: They are not of these choices.
    """
    if isinstance(prior, Mapping):
        named = {choice_key(c): w for c, w in prior.items()}
        if unknown := [c for c in prior if choice_key(c) not in keys]:
            raise DistributionError(
                f"the prior weighs {unknown!r:.500}, not among the choices {list(choices)!r:.500}"
            )
        return [named.get(key, 0.0) for key in keys]
    weights = split_values(prior)
    if weights is None or len(weights) != len(choices):
        raise DistributionError(
            f"prior must be weights by choice, or one for every choice, got {show(prior)}"
        )
    return weights


def list_members(values: Any) -> list[Any] | None:
    """Return the members of a collection, as they are; of a mapping its keys.

    Those of a set are in an order that is the same in every process.

    Returns:
        The members; None for what is no collection: text, bytes, a single value, a table.

    Raises:
        DistributionError: There are more than a space can hold, or a set holds what is no choice.
    """
    if isinstance(values, list | tuple):
        return list(values)
    is_text = isinstance(values, str | bytes | bytearray | memoryview)
    if is_text or not isinstance(values, Iterable):
        return None
    n_dimensions = count_dimensions(values)
    if n_dimensions == 0 or (n_dimensions is not None and not hasattr(values, "tolist")):
        return None
    members = list(itertools.islice(values, _MAX_MEMBERS + 1))
    if len(members) > _MAX_MEMBERS:
        raise DistributionError(
            f"there are more than {_MAX_MEMBERS:,} choices; take a Float or Int"
        )
    return sorted(members, key=choice_key) if isinstance(values, set | frozenset) else members


def _check_finite_choice(number: float, value: Any) -> float:
    """Return a number that is a choice; `value` is what was given for it."""
    try:
        is_finite = math.isfinite(number)
    except OverflowError:  # of a whole number that no column could hold
        is_finite = False
    if not is_finite:
        raise DistributionError(
            f"a choice must be finite, got {show(value)}; use None or a string to stand for it"
        )
    return number
