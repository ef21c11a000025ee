"""Errors for arguments and attributes that another library knows by another name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

from .errors import ArgumentNameError, UnknownAttributeError, find_closest

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# What users of Optuna and others type for samplers and schedulers, and what it is called here.
OTHER_NAMES = {
    "constraints_func": "trial.set_constraint(name, value) in the objective",
    "max_iter": "max_resource",
    "max_t": "max_resource",
    "min_t": "min_resource",
    "mutation_prob": "mutation_rate",
    "crossover_prob": "crossover_rate",
    "n_ei_candidates": "n_candidates",
    "n_initial_points": "n_startup_trials",
    "n_startup_jobs": "n_startup_trials",
    "n_startup_trials": "start_at",
    "popsize": "population_size",
    "restart_strategy": "restarts",
    "seed": "create_study(seed=...)",
}


def explain_arguments(
    other_names: Mapping[str, str], owner: str | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function so that an unknown keyword argument gets an error that names ours.

    Args:
        other_names: What other libraries call an argument -> what it is called here; entries that
            this function has no argument for are left out.
        owner: What to call the function in messages; None for its name.

    Raises (the decorated function):
        ArgumentNameError: It has no such argument.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        code = function.__code__
        n_names = code.co_argcount + code.co_kwonlyargcount
        names = code.co_varnames[:n_names]
        takes_any = bool(code.co_flags & 0x08)  # **options

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if not takes_any:
                for name in kwargs:
                    if name not in names:
                        title = owner or function.__name__
                        raise ArgumentNameError(explain_argument(title, name, names, other_names))
            return function(*args, **kwargs)

        return call

    return decorate


def explain_argument(
    owner: str, name: str, names: Sequence[str], other_names: Mapping[str, str]
) -> str:
    """Return the message for an argument that a function or class does not have.

    Args:
        owner: The function or class.
        name: The argument.
        names: Those that it has.
        other_names: What other libraries call an argument -> what it is called here.
    """
    takes = [n for n in names if n != "self"]
    ours: str | None = other_names.get(name)
    if ours is not None and ours.isidentifier() and ours not in takes:
        ours = None
    if ours is not None:
        return f"{owner} has no argument {name!r}; in luthier it is {ours}"
    near = find_closest(name, takes)
    hint = f"did you mean {near!r}? " if near else ""
    return f"{owner} has no argument {name!r}; {hint}it takes {', '.join(takes) or 'none'}"


def explain_constructor(cls: type[Any]) -> None:
    """Let the constructor of a sampler's or scheduler's class explain unknown arguments."""
    if "__init__" in vars(cls):
        cls.__init__ = explain_arguments(OTHER_NAMES, cls.__name__)(cls.__init__)
    elif cls.__init__ is object.__init__:
        cls.__init__ = explain_arguments(OTHER_NAMES, cls.__name__)(_no_arguments)


def _no_arguments(self: Any) -> None:
    """Take no arguments."""


def explain_attributes(
    other_names: Mapping[str, str], variable: str
) -> Callable[[type[T]], type[T]]:
    """Decorate a class so that an attribute of another library's gets an error that names ours.

    A `__getattr__` would do the same, and slow down every attribute that there is.

    Args:
        other_names: What other libraries call an attribute -> what it is called here.
        variable: What to call the object where the message names ours.

    Raises (the attributes):
        UnknownAttributeError: The class has no such attribute.
    """

    def decorate(cls: type[T]) -> type[T]:
        def list_names(self: object) -> list[str]:
            return [name for name in object.__dir__(self) if name not in other_names]

        for name, ours in other_names.items():
            message = f"a {cls.__name__} has no {name!r}; use {variable}.{ours}"
            setattr(cls, name, _OtherName(message))
        cls.__dir__ = list_names  # type: ignore[method-assign]  # nobody is offered these names
        return cls

    return decorate


class _OtherName:
    """Attribute that only other libraries have.

    Args:
        message: What to use instead.
    """

    def __init__(self, message: str) -> None:
        self._message = message

    def __get__(self, owner: object, cls: type[Any]) -> NoReturn:
        raise UnknownAttributeError(self._message)


def explain_too_many(verb: str, more: tuple[Any, ...]) -> ArgumentNameError:
    """Return the error of a suggest verb that got by position what it takes by name."""
    return ArgumentNameError(
        f"{verb} takes a name, low and high, and all else by name, such as log=True or step=2; got "
        f"{', '.join(map(repr, more))} after them"
    )
