"""Checks of what users pass: numbers, names, values of objectives, costs, constraints, tags.

Each check returns the value in its plain form, or raises an error that says what was expected and
what came. What a storage can hold is said here alone, under "What can be stored": it is refused
where it is given, whatever the storage.
"""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

import msgspec
import numpy as np

from .errors import (
    CostError,
    ObjectiveValueError,
    ResultConstraintError,
    TrialError,
    UnstorableError,
)
from .passwords import hide_passwords

MAX_TAG_BYTES = 2**20  # of one tag, as JSON
MAX_TAGS_BYTES = 2**21  # of all tags of a trial: every storage and the service take it in one piece
MAX_SPACE_BYTES = 2**22  # of the parameters of a study, as JSON: no trial's params are larger
MAX_NAME_CHARACTERS = 10_000  # of an objective, or a constraint on results
MAX_ERROR_CHARACTERS = 2**16  # of the text of an error; of a longer one the middle is left out

_MAX_DEPTH = 50  # levels of lists and dicts; the service reads 64, with what is around them
_MAX_BITS = 2**13  # of a whole number, which Python would not read from much longer text


def check_whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Return an argument as an int.

    Args:
        name: Name of the argument, for the message.
        value: What the user passed.
        least: The smallest value that is allowed.
        most: The largest value that is allowed; None for any.

    Raises:
        ValueError: It is not a whole number, or is out of bounds. True and False are no numbers.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {show(value)}")
    if most is not None and number > most:
        raise ValueError(f"{name} must be a whole number <= {most:,}, got {show(value)}")
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
    number = to_number(value)
    try:
        real = math.nan if number is None else float(number)
    except OverflowError:
        real = math.nan
    if not math.isfinite(real) or not least <= real <= most or (above and real == least):
        bounds = []
        if least > -math.inf:
            bounds.append(f"{'>' if above else '>='} {least:g}")
        if most < math.inf:
            bounds.append(f"<= {most:g}")
        wanted = f" {' and '.join(bounds)}" if bounds else ""
        raise ValueError(f"{name} must be a finite number{wanted}, got {show(value)}")
    return real


def check_name(name: str, value: Any, known: Collection[str]) -> str:
    """Return an argument that is one of some names.

    Args:
        name: Name of the argument, for the message.
        value: What the user passed.
        known: The names.

    Raises:
        ValueError: It is none of them.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {show(value)}")
    return value


def check_flag(name: str, value: Any) -> bool:
    """Return an argument that is True or False.

    Raises:
        ValueError: It is something else.
    """
    value = unwrap(value)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is True or False, got {show(value)}")
    return value


def check_probability(name: str, value: Any) -> float:
    """Return an argument as a float between 0 and 1, neither included.

    Raises:
        ValueError: It is something else.
    """
    number = to_number(value)
    if number is None or not 0 < number < 1:
        raise ValueError(f"{name} must be a number between 0 and 1, got {show(value)}")
    return float(number)


def is_number(value: Any) -> bool:
    """Whether it is a plain number; True and False are no numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def to_number(value: Any) -> float | None:
    """Return a real number of any type as a plain int or float; None for what is no number.

    Numbers of numpy, of subclasses and of other libraries are converted, such as decimals,
    fractions, and arrays and tensors that hold one number. True and False are no numbers; neither
    are text and times.
    """
    if type(value) is float or type(value) is int:
        return value
    if isinstance(value, int):
        return None if isinstance(value, bool) else int.__index__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, str | bytes | bytearray | complex) or _is_time(value):
        return None
    try:
        return _convert_number(value)
    except Exception:  # whatever an object of another library raises
        return None


def _convert_number(value: Any) -> float | None:
    """Return an object of another library as a number; it raises what that library raises."""
    if hasattr(value, "item") and not isinstance(value, np.longdouble):
        return to_number(_detach(value).item())
    if hasattr(value, "__index__"):
        return operator.index(value)
    number = float(value)
    return int(value) if math.isinf(number) and value != number else number


def unwrap(value: Any) -> Any:
    """Return what a scalar of numpy, or an array or tensor without dimensions, holds.

    Any other value is returned as it is, and so are times.
    """
    if count_dimensions(value) != 0 or _is_time(value):
        return value
    try:
        plain = _detach(value).item()
    except Exception:  # of a tensor without data
        return value
    return float(plain) if isinstance(plain, np.longdouble) else plain


def to_list(value: Any) -> list[Any] | None:
    """Return what an array, a tensor or a column of a table holds; None for anything else."""
    if not count_dimensions(value) or isinstance(value, memoryview) or _is_time(value):
        return None
    return list(_detach(value).tolist()) if hasattr(value, "tolist") else None


def count_dimensions(value: Any) -> int | None:
    """Return how many dimensions an array, a tensor or a table has; None for anything else."""
    found = getattr(value, "ndim", None)
    return found if isinstance(found, int) else None


def _detach(value: Any) -> Any:
    """Return a tensor without its gradient, of which PyTorch would warn; else the value."""
    return value.detach() if hasattr(value, "detach") else value


def _is_time(value: Any) -> bool:
    """Whether it is a time or a duration, or an array of them: their numbers have no unit."""
    if isinstance(value, datetime.date | datetime.timedelta):
        return True
    return getattr(getattr(value, "dtype", None), "kind", None) in ("m", "M")


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
            f"{whose} {show(dict(values), 200)}: there is {what}; the objectives are "
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
    got = f"{whose} {show(returned, 200)} ({type(returned).__name__})"
    several = split_values(returned)
    parts = [returned] if several is None else several
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
        number = to_number(v)
        if number is None:
            raise ObjectiveValueError(f"the objective must return {want}; {got}")
        try:
            values.append(float(number))
        except OverflowError:
            raise ObjectiveValueError(f"the objective must return {want}; {got}") from None
    return tuple(values)


def split_values(values: Any) -> list[Any] | None:
    """Return several values in order, from a list, a tuple, an array, a tensor or a column.

    None for a single value, and for what has no order.
    """
    if isinstance(values, list | tuple):
        return list(values)
    return to_list(values) if count_dimensions(values) == 1 else None


def check_cost(value: Any, whose: str) -> float:
    """Return a cost as a float.

    Raises:
        CostError: It is not a finite number >= 0.
    """
    number = to_number(value)
    if number is not None and 0 <= number < math.inf:
        try:
            return float(number)
        except OverflowError:  # of a whole number that no float can hold
            pass
    raise CostError(
        f"a cost is a finite number >= 0, got {show(value)} ({type(value).__name__}) in {whose}"
    )


def check_result_constraint(name: Any, value: Any, whose: str) -> float:
    """Return the value of a constraint on results as a float; NaN is one too.

    Raises:
        ResultConstraintError: It is not a number, or its name is no text, or taken.
    """
    if not is_name(name) or name == "crash":
        raise ResultConstraintError(
            f"a constraint's name is text of at most {MAX_NAME_CHARACTERS:,} characters, and not "
            f"'crash', got {name!r:.100} in {whose}"
        )
    number = to_number(value)
    if number is None:
        raise ResultConstraintError(
            f"constraint {name!r} is a number, at most 0 where it is kept, got {show(value)} "
            f"({type(value).__name__}) in {whose}"
        )
    try:
        return float(number)
    except OverflowError:  # of a whole number that no float can hold
        return math.inf if number > 0 else -math.inf


def int_if_whole(x: float) -> float:
    """Return a whole number as int, any other number as it is."""
    return int(x) if x == int(x) else x


# -- what can be stored -----------------------------------------------------------------------


def is_text(value: Any) -> bool:
    """Whether it is text that can be stored and read.

    Lone surrogates cannot be, as Python has them in names of files that are not in UTF-8.
    """
    if not isinstance(value, str):
        return False
    try:
        str.encode(value)  # whatever a subclass makes of it
    except UnicodeEncodeError:
        return False
    return True


def is_name(name: Any) -> bool:
    """Whether it is text that can be stored and read, neither blank nor longer than any name."""
    return is_text(name) and bool(name.strip()) and len(name) <= MAX_NAME_CHARACTERS


def to_plain_text(text: str) -> str:
    """Return text of any subclass of `str` as plain text."""
    return str.__str__(text)


def check_parameter_name(name: Any, error: type[Exception]) -> str:
    """Return a parameter's name as plain text.

    Raises:
        Exception: Of the kind given: it is no text that can be stored, or empty.
    """
    if type(name) is str and name and name.isascii():
        return name
    if not is_text(name) or not name:
        raise error(
            "a parameter's name must be a non-empty string without lone surrogates, got "
            f"{show(name)}"
        )
    return to_plain_text(name)


# Tags that luthier sets: the trial that is run again, and why a retried one had failed.
RESERVED_TAGS = ("confirms", "earlier_errors", "from_memory")


def check_tag_name(name: Any, whose: str) -> None:
    """Refuse the name of a tag that is not a user's to set.

    Raises:
        TrialError: It is one of luthier's own.
    """
    if isinstance(name, str) and name in RESERVED_TAGS:
        raise TrialError(
            f"the tag {name!r} of {whose} is luthier's own; choose another name, such as "
            f"'my_{name}'"
        )


def check_tag(name: Any, value: Any, whose: str) -> tuple[str, Any, int]:
    """Return the name of a tag, its value in JSON's types, and its size in bytes.

    Args:
        name: The name; what is no text becomes text.
        value: The value.
        whose: Whose tag it is, for the message: "trial 3".

    Raises:
        UnstorableError: It has no JSON form, or is too large.
    """
    text = name
    if type(name) is not str or not name.isascii():
        text = to_json_types(name if isinstance(name, str) else str(name), "the name of a tag")
    plain = to_json_types(value, f"tag {text!r:.100} of {whose}", MAX_TAG_BYTES)
    size = measure_json({text: plain})
    if size > MAX_TAG_BYTES:
        raise _too_large(f"tag {text!r:.100} of {whose}", MAX_TAG_BYTES)
    return text, plain, size


def check_tags(tags: Any, whose: str) -> dict[str, Any]:
    """Return all tags of a trial with their values in JSON's types.

    Raises:
        UnstorableError: They are no mapping, one has no JSON form, or they are too large.
    """
    if not isinstance(tags, Mapping):
        raise UnstorableError(f"tags of {whose} are a dict, got {show(tags)}")
    checked: dict[str, Any] = {}
    total = 0
    for name, value in tags.items():
        text, plain, size = check_tag(name, value, whose)
        if text in checked:
            raise UnstorableError(f"two tags of {whose} are called {text!r:.100} as text")
        checked[text] = plain
        total += size
    check_size_of_tags(total, whose)
    return checked


def check_size_of_tags(n_bytes: int, whose: str) -> None:
    """Refuse tags that are too large together.

    Raises:
        UnstorableError: They are.
    """
    if n_bytes > MAX_TAGS_BYTES:
        raise _too_large(f"all tags of {whose}", MAX_TAGS_BYTES)


def measure_json(value: Any) -> int:
    """Return the size of a value in JSON's types as JSON text, in bytes."""
    return len(msgspec.json.encode(value))


def to_error_text(text: str) -> str:
    """Return the text of an error as it is stored.

    Passwords in URLs are replaced, and lone surrogates escaped. A long text is cut in the middle,
    and says so: its head says what went wrong, its tail where.
    """
    text = hide_passwords(to_plain_text(text))
    if not is_text(text):
        text = text.encode("utf-8", "backslashreplace").decode()
    n = len(text)
    if n <= MAX_ERROR_CHARACTERS:
        return text
    half = MAX_ERROR_CHARACTERS // 2 - 50
    return f"{text[:half]}\n[... {n - 2 * half} characters left out ...]\n{text[-half:]}"


def to_json_types(value: Any, what: str = "a value", max_bytes: float = math.inf) -> Any:
    """Return a value in JSON's types, as every storage can hold it.

    Numbers of any library become plain; arrays, tensors, columns of tables, tuples, sets, ranges
    and views become lists; paths become text, and so do numbers that are not finite. Subclasses of
    text and numbers become plain too.

    Args:
        value: The value.
        what: What it is, for the message: "tag 'file' of trial 3".
        max_bytes: How large it may be as JSON, roughly: it is converted no further than that.

    Raises:
        UnstorableError: There is no JSON form, or it is too large.
    """
    return _Converter(what, max_bytes).convert(value, 0)


class _Converter:
    """A value on its way to JSON's types.

    Args:
        what: What it is, for messages.
        max_bytes: How large it may be.
    """

    def __init__(self, what: str, max_bytes: float) -> None:
        self._what = what
        self._max_bytes = max_bytes
        self._n_left = max_bytes

    def convert(self, value: Any, depth: int) -> Any:
        self._spend(1)
        match value:
            case None | bool():
                return value
            case str():
                return self._text(value)
            case int():
                return self._whole(value)
            case float():
                return float(value) if math.isfinite(value) else str(float(value))
            case Mapping():
                return self._dict(value, depth)
            case list() | tuple() | set() | frozenset():
                return self._list(value, depth)
        return self._convert_other(value, depth)

    def _convert_other(self, value: Any, depth: int) -> Any:
        """Convert what is of no type of Python's own, or of one that JSON does not have."""
        plain = unwrap(value)
        if type(plain) is not type(value):
            return self.convert(plain, depth)
        if count_dimensions(value) is not None and hasattr(value, "shape"):
            self._spend(math.prod(value.shape))
            items = to_list(value)
            if items is not None:
                return self.convert(items, depth)
        elif hasattr(value, "__fspath__"):
            return self._text(str(value))
        elif isinstance(value, Collection) and not isinstance(value, bytes | bytearray):
            return self._list(value, depth)
        elif (number := to_number(value)) is not None:
            return self.convert(number, depth)
        return self._refuse(
            "only text, numbers, lists and dicts of them can be stored, got "
            f"{show(value)} ({type(value).__name__}); write it to a file of your own and store "
            "the path"
        )

    def _list(self, value: Collection[Any], depth: int) -> list[Any]:
        self._go_deeper(depth)
        self._spend(len(value))  # commas
        return [self.convert(v, depth + 1) for v in value]

    def _text(self, value: str) -> str:
        text = to_plain_text(value)
        self._spend(len(text))
        if not is_text(text):
            self._refuse(
                "text with lone surrogates cannot be stored, as in the name of a file that is not "
                f"in UTF-8, got {show(text)}; replace them, as os.fsencode(name).decode(errors="
                "'replace') does"
            )
        return text

    def _whole(self, value: int) -> int:
        if int.bit_length(value) > _MAX_BITS:
            self._refuse(f"a whole number has at most {_MAX_BITS} bits; store it as text")
        return int.__index__(value)

    def _dict(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        self._go_deeper(depth)
        self._spend(4 * len(value))  # quotes, colons and commas
        converted = {
            self._text(k if isinstance(k, str) else str(k)): self.convert(v, depth + 1)
            for k, v in value.items()
        }
        if len(converted) < len(value):
            self._refuse(f"two keys of a dict are the same as text: {show(list(value))}")
        return converted

    def _go_deeper(self, depth: int) -> None:
        if depth >= _MAX_DEPTH:
            self._refuse(f"it is nested deeper than {_MAX_DEPTH} levels, or contains itself")

    def _spend(self, n_bytes: int) -> None:
        self._n_left -= n_bytes
        if self._n_left < 0:
            raise _too_large(self._what, self._max_bytes)

    def _refuse(self, why: str) -> NoReturn:
        raise UnstorableError(f"{self._what} cannot be stored: {why}")


def _too_large(what: str, max_bytes: float) -> UnstorableError:
    return UnstorableError(
        f"{what} cannot be stored: as JSON it has at most {max_bytes:,.0f} bytes; write it to a "
        "file of your own and store the path"
    )


def show(value: Any, most: int = 100) -> str:
    """Return what a value looks like, for a message: in part where it is long.

    Args:
        value: It may be of any class, also of one that cannot be shown.
        most: How many characters are shown.
    """
    try:
        return repr(value)[:most]
    except Exception:
        return f"a {type(value).__name__} that cannot be shown"
