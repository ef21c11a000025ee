"""Warnings that Optuna gives: experimental and deprecated names, arguments by position."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .exceptions import ExperimentalWarning

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)


def warn(message: str, category: type[Warning] = UserWarning, stacklevel: int = 1) -> None:
    """Give a warning that is shown at the caller's line.

    Args:
        message: What is wrong.
        category: Its class.
        stacklevel: How many frames above the caller of this function.
    """
    warnings.warn(message, category, stacklevel=stacklevel + 1)


def warn_experimental(name: str, version: str, stacklevel: int = 3) -> None:
    """Say that a name is experimental in Optuna since a version."""
    warnings.warn(
        f"{name} is experimental (supported from v{version}). "
        "The interface can change in the future.",
        ExperimentalWarning,
        stacklevel=stacklevel,
    )


def warn_experimental_argument(argument: str) -> None:
    """Say that an argument is experimental in Optuna."""
    warnings.warn(
        f"Argument ``{argument}`` is an experimental feature. "
        "The interface can change in the future.",
        ExperimentalWarning,
        stacklevel=3,
    )


def deprecation(name: str, since: str, until: str, advice: str = "") -> str:
    """The sentence by which Optuna says that a name goes."""
    text = (
        f"{name} has been deprecated in v{since}. "
        f"This feature will be removed in v{until}. "
        f"See https://github.com/optuna/optuna/releases/tag/v{since}."
    )
    return f"{text} {advice}" if advice else text


def check_version(version: str) -> None:
    """Refuse what is no version of three numbers.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(version, str) or len(version.split(".")) != 3:
        raise ValueError(
            f"Invalid version specification. Must follow `x.y.z` format but `{version}` is given"
        )


def experimental_func(version: str, name: str | None = None) -> Callable[[F], F]:
    """Decorate a function that Optuna calls experimental."""
    check_version(version)

    def mark(func: F) -> F:
        shown = name or f"{func.__module__}.{func.__qualname__}"

        @functools.wraps(func)
        def marked(*args: Any, **options: Any) -> Any:
            warn_experimental(shown, version)
            return func(*args, **options)

        return marked  # type: ignore[return-value]

    return mark


def experimental_class(version: str, name: str | None = None) -> Callable[[C], C]:
    """Decorate a class that Optuna calls experimental."""
    check_version(version)

    def mark(cls: C) -> C:
        made: Any = cls.__init__  # type: ignore[misc]
        shown = name or cls.__name__

        @functools.wraps(made)
        def marked(self: Any, *args: Any, **options: Any) -> None:
            warn_experimental(shown, version)
            made(self, *args, **options)

        cls.__init__ = marked  # type: ignore[misc]
        return cls

    return mark


def deprecated_func(
    deprecated_version: str, removed_version: str, name: str | None = None, text: str | None = None
) -> Callable[[F], F]:
    """Decorate a function that Optuna means to remove."""
    _check_both(deprecated_version, removed_version)

    def mark(func: F) -> F:
        message = deprecation(
            name or func.__name__, deprecated_version, removed_version, text or ""
        )

        @functools.wraps(func)
        def marked(*args: Any, **options: Any) -> Any:
            warnings.warn(message, FutureWarning, stacklevel=2)
            return func(*args, **options)

        return marked  # type: ignore[return-value]

    return mark


def deprecated_class(
    deprecated_version: str, removed_version: str, name: str | None = None, text: str | None = None
) -> Callable[[C], C]:
    """Decorate a class that Optuna means to remove."""
    _check_both(deprecated_version, removed_version)

    def mark(cls: C) -> C:
        made: Any = cls.__init__  # type: ignore[misc]
        message = deprecation(name or cls.__name__, deprecated_version, removed_version, text or "")

        @functools.wraps(made)
        def marked(self: Any, *args: Any, **options: Any) -> None:
            warnings.warn(message, FutureWarning, stacklevel=2)
            made(self, *args, **options)

        cls.__init__ = marked  # type: ignore[misc]
        return cls

    return mark


def _check_both(since: str, until: str) -> None:
    check_version(since)
    check_version(until)
    if _numbers(until) <= _numbers(since):
        raise ValueError(
            "Invalid version relationship. The deprecated version must be smaller than "
            f"the removed version, but (deprecated version, removed version) = ({since}, {until}) "
            "are specified."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def taken_by_position(
    names: Sequence[str], since: str = "3.0.0", until: str = "6.0.0"
) -> Callable[[F], F]:
    """Decorate a function whose arguments were once given by position, and still may be.

    Args:
        names: The arguments in their former order.
        since: Since when this is deprecated.
        until: When it ends.
    """

    def mark(func: F) -> F:
        first = [
            p.name
            for p in inspect.signature(func).parameters.values()
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]

        @functools.wraps(func)
        def marked(*args: Any, **options: Any) -> Any:
            given = dict(zip(names, args, strict=False))
            if len(given) > len(first):
                late = set(given) - set(first)
                warnings.warn(
                    f"{func.__name__}() got {late} as positional arguments but they were "
                    "expected to be given as keyword arguments.\n"
                    f"Positional arguments {list(names)} in {func.__name__}() have been "
                    f"deprecated since v{since}. They will be replaced with the corresponding "
                    f"keyword arguments in v{until}, so please use the keyword specification "
                    f"instead. See https://github.com/optuna/optuna/releases/tag/v{since} for "
                    "details.",
                    FutureWarning,
                    stacklevel=2,
                )
            if len(args) > len(names):
                raise TypeError(
                    f"{func.__name__}() takes {len(names)} positional arguments but "
                    f"{len(args)} were given."
                )
            if twice := set(options) & set(given):
                raise TypeError(f"{func.__name__}() got multiple values for arguments {twice}.")
            return func(**options, **given)

        return marked  # type: ignore[return-value]

    return mark
