"""Checks of what users pass: numbers, names, values of objectives, costs, constraints, tags.

Each check returns the value in its plain form, or raises an error that says what was expected and
what came.
"""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import CostError, ObjectiveValueError, ResultConstraintError, TrialError


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """Return an argument as an int.

    Args:
        name: Name of the argument, for the message.
        value: What the user passed.
        least: The smallest value that is allowed.

    Raises:
        ValueError: It is not a whole number, or is below `least`. True and False are no numbers.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
    return number


def check_real(
    name: str,
    value: Any,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    above: bool = False,
) -> float:
    """Return an argument as a float.

    Args:
        name: Name of the argument, for the message.
        value: What the user passed.
        least: The smallest value that is allowed.
        most: The largest value that is allowed.
        above: `least` itself is not allowed.

    Raises:
        ValueError: It is not a finite number, or is out of bounds. True and False are no numbers.
    """
    if not _is_finite(value) or not least <= value <= most or (above and value == least):
        bounds = []
        if least > -math.inf:
            bounds.append(f"{'>' if above else '>='} {least:g}")
        if most < math.inf:
            bounds.append(f"<= {most:g}")
        wanted = f" {' and '.join(bounds)}" if bounds else ""
        raise ValueError(f"{name} must be a finite number{wanted}, got {value!r}")
    return float(value)


def _is_finite(value: Any) -> bool:
    """Whether it is a number that a float can hold, and neither NaN nor an infinity."""
    try:
        return is_scalar(value) and math.isfinite(value)
    except OverflowError:
        return False


def is_number(value: Any) -> bool:
    """Whether it is a plain number; True and False are no numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_scalar(value: Any) -> bool:
    """Whether it is a plain number or a number of numpy; True and False are no numbers."""
    number = isinstance(value, int | float | np.integer | np.floating)
    return number and not isinstance(value, bool)


def is_name(name: Any) -> bool:
    """Whether it is text that can be stored and read: not blank, no lone surrogates."""
    return (
        isinstance(name, str)
        and bool(name.strip())
        and name.encode(errors="ignore").decode() == name
    )


def check_parameter_name(name: Any, error: type[Exception]) -> None:
    """Raise an error of the given kind unless a parameter's name is text and not empty."""
    if not isinstance(name, str) or not name:
        raise error(f"a parameter's name must be a non-empty string, got {name!r}")


def default_names(m: int) -> tuple[str, ...]:
    """Names of m objectives that have not been named."""
    return ("value",) if m == 1 else tuple(f"value_{i}" for i in range(m))


def are_named(objectives: Sequence[str]) -> bool:
    """Whether objectives have names of their own."""
    return tuple(objectives) != default_names(len(objectives))


def order_values(
    values: Mapping[str, Any], objectives: Sequence[str], whose: str, error: type[TrialError]
) -> list[Any]:
    """Return values that were given by name in the order of the objectives.

    Args:
        values: Name of an objective to its value.
        objectives: The names, in order.
        whose: How the message begins: "trial 3 reported".
        error: The kind of error to raise.

    Raises:
        TrialError: Of the kind given: the names are others.
    """
    if values.keys() != set(objectives):
        missing = [n for n in objectives if n not in values]
        unknown = [n for n in values if n not in objectives]
        faults = (("no", missing), ("an unknown", unknown))
        what = " and ".join(
            f"{word} {', '.join(map(repr, names))}" for word, names in faults if names
        )
        raise error(
            f"{whose} {dict(values)!r:.200}: there is {what}; the objectives are "
            f"{', '.join(objectives)}"
        )
    return [values[name] for name in objectives]


def check_values(returned: Any, objectives: Sequence[str], whose: str) -> tuple[float, ...]:
    """Return what an objective returned as floats.

    Args:
        returned: A number, or one for each objective, in order or by name.
        objectives: Their names, in order.
        whose: How the message begins: "trial 3 returned".

    Raises:
        ObjectiveValueError: It is not one number for each objective, or names others.
    """
    n_values = len(objectives)
    if n_values == 1 and type(returned) is float:
        return (returned,)

    want = "a number" if n_values == 1 else f"{n_values} numbers ({', '.join(objectives)})"
    if isinstance(returned, Mapping):
        said = f"the objective must return {want}; {whose}"
        returned = order_values(returned, objectives, said, ObjectiveValueError)
    got = f"{whose} {returned!r:.200} ({type(returned).__name__})"
    several = isinstance(returned, list | tuple) or (
        isinstance(returned, np.ndarray) and returned.ndim == 1
    )
    parts = list(returned) if several else [returned]
    if returned is None:
        raise ObjectiveValueError(
            f"the objective must return {want}; {got}; is there a path without a return?"
        )
    if len(parts) != n_values:
        raise ObjectiveValueError(
            f"the objective must return {want}, one for each direction of the study; {got}"
        )

    values = []
    for v in parts:
        if isinstance(v, str | bytes | bool | np.bool_ | complex):
            raise ObjectiveValueError(f"the objective must return {want}; {got}")
        try:
            values.append(float(v))
        except (TypeError, ValueError, OverflowError):
            raise ObjectiveValueError(f"the objective must return {want}; {got}") from None
    return tuple(values)


def check_cost(value: Any, whose: str) -> float:
    """Return a cost as a float.

    Raises:
        CostError: It is not a finite number >= 0.
    """
    number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if is_scalar(number):
        with contextlib.suppress(OverflowError):  # of a whole number that no float can hold
            if 0 <= float(number) < math.inf:
                return float(number)
    raise CostError(
        f"a cost is a finite number >= 0, got {value!r:.100} ({type(value).__name__}) in {whose}"
    )


def check_result_constraint(name: Any, value: Any, whose: str) -> float:
    """Return the value of a constraint on results as a float; NaN is one too.

    Raises:
        ResultConstraintError: It is not a number, or its name is no text, or taken.
    """
    number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if not is_name(name) or name == "crash":
        raise ResultConstraintError(
            f"a constraint's name is text, and not 'crash', got {name!r:.100} in {whose}"
        )
    if not is_scalar(number):
        raise ResultConstraintError(
            f"constraint {name!r} is a number, at most 0 where it is kept, got {value!r:.100} "
            f"({type(value).__name__}) in {whose}"
        )
    try:
        return float(number)
    except OverflowError:  # of a whole number that no float can hold
        return math.inf if number > 0 else -math.inf


def int_if_whole(x: float) -> float:
    """Return a whole number as int, any other number as it is."""
    return int(x) if x == int(x) else x


def to_json_types(value: Any) -> Any:
    """Return a value in JSON's types.

    Arrays and numbers of numpy become plain, tuples and sets become lists, paths become text, and
    numbers that are not finite become text.

    Raises:
        TrialError: There is no JSON form.
    """
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return float(value) if math.isfinite(value) else str(float(value))
        case np.generic() | np.ndarray():
            return to_json_types(value.tolist())
        case dict():
            return {str(k): to_json_types(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [to_json_types(v) for v in value]
    if hasattr(value, "__fspath__"):
        return str(value)
    raise TrialError(
        f"only text, numbers, lists and dicts of them can be stored, got {value!r} "
        f"({type(value).__name__}); write it to a file of your own and store the path"
    )
