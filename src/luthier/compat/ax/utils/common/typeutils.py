"""Checks of types under Ax's names."""

from __future__ import annotations

from typing import Any


def not_none(value: Any) -> Any:
    """Return a value that is not None.

    Raises:
        ValueError: It is.
    """
    if value is None:
        raise ValueError("Argument to `not_none` was None.")
    return value


def checked_cast(kind: Any, value: Any, exception: Exception | None = None) -> Any:
    """Return a value of a type.

    Raises:
        ValueError: It is of another type.
    """
    if not isinstance(value, kind):
        raise exception or ValueError(f"Value was not of type {kind}:\n{value!r}")
    return value


def assert_is_instance(value: Any, kind: Any) -> Any:
    """Return a value of a type.

    Raises:
        TypeError: It is of another type.
    """
    if not isinstance(value, kind):
        raise TypeError(f"obj is not an instance of cls: obj={value!r} cls={kind}")
    return value


none_throws = not_none
