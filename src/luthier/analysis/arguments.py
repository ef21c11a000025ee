"""Arguments of analyses: another thing than a history is refused before the work."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ..errors import UnknownParameterError
from ..history.history import History
from ..trial.record import TrialRow
from ..validation import show

P = ParamSpec("P")
R = TypeVar("R")


def takes_history(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function whose first argument is a history, so that it refuses anything else.

    Raises (the decorated function):
        TypeError: The first argument is no history, or `rows_of` cannot be called.
    """
    names = tuple(inspect.signature(function).parameters)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = dict(zip(names, args, strict=False)) | kwargs
        if "history" in given:
            check_history(given["history"])
        rows_of = given.get("rows_of")
        if rows_of is not None and not callable(rows_of):
            raise TypeError(f"rows_of is a function that reads rows, got {show(rows_of)}")
        return function(*args, **kwargs)

    return call


def check_history(history: Any) -> None:
    """Refuse what is no history.

    Raises:
        TypeError: It is none; of a study the message says where its history is.
    """
    if not isinstance(history, History):
        hint = "; take study.history" if isinstance(getattr(history, "history", 0), History) else ""
        raise TypeError(f"expected the history of a study, got {show(history)}{hint}")


def is_list(value: Any) -> bool:
    """Return whether a value holds several others in order: no text, and no dict."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def read_histories(histories: Any) -> list[History]:
    """Return several histories as a list.

    Raises:
        TypeError: It is no list, or holds something else.
    """
    if not is_list(histories):
        raise TypeError(f"expected a list of histories, got {show(histories)}")
    several = list(histories)
    for history in several:
        check_history(history)
    return several


def read_rows(rows: Any) -> tuple[TrialRow, ...]:
    """Return the rows of trials as a tuple.

    Raises:
        TypeError: It is no list, or holds something else.
    """
    several = tuple(rows) if isinstance(rows, Iterable) else (rows,)
    wrong = [row for row in several if not isinstance(row, TrialRow)]
    if wrong:
        raise TypeError(f"expected rows of trials, got {show(wrong[0])}")
    return several


def check_names(names: Any) -> tuple[str, ...]:
    """Return a list of names of parameters; which there are is not looked at.

    Raises:
        UnknownParameterError: It is none.
    """
    if not is_list(names):
        raise UnknownParameterError(f"params is a list of names, got {show(names)}")
    return tuple(names)
