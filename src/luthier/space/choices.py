"""Choices: in the form in which they are stored, and the text that tells them apart."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from ..errors import DistributionError
from ..validation import is_scalar, is_text, show, to_plain_number, to_plain_text

_LARGE = 1e300  # NaN is not below it
_MAX_DEPTH = 50  # levels of sequences in a choice; the service reads 64, with what is around it


def to_choice(value: Any, depth: int = 0) -> Any:
    """Return a choice in the form in which it is stored: plain, and a tuple where it is a sequence.

    Args:
        value: None, a bool, int, float or str, or a (nested) sequence of them; of numpy too.
        depth: How deep in another one it is.

    Raises:
        DistributionError: The value has no JSON form, so no storage could keep it.
    """
    if type(value) in (float, int) and abs(value) < _LARGE:  # the most frequent, and quickly
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not is_text(value):
            raise DistributionError(f"a choice has no lone surrogates, got {show(value)}")
        return to_plain_text(value)
    if is_scalar(value):
        return _check_finite_choice(value)
    is_sequence = isinstance(value, Sequence | np.ndarray) and not isinstance(value, bytes)
    if is_sequence and depth < _MAX_DEPTH:
        return tuple(to_choice(v, depth + 1) for v in value)
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
    if (
        isinstance(prior, str)
        or not isinstance(prior, Sequence | np.ndarray)
        or len(prior) != len(choices)
    ):
        raise DistributionError(
            f"prior must be weights by choice, or one for every choice, got {prior!r}"
        )
    return list(prior)


def _check_finite_choice(value: Any) -> float:
    """Return a number that is a choice as a plain one."""
    number = to_plain_number(value)
    try:
        is_finite = math.isfinite(number)
    except OverflowError:  # of a whole number that no column could hold
        is_finite = False
    if not is_finite:
        raise DistributionError(
            f"a choice must be finite, got {show(value)}; use None or a string to stand for it"
        )
    return number
