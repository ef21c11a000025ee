"""Check of a search's parameters, before the first fit: does the estimator have them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.base import clone

from ..errors import UnknownParameterError, find_closest


def check_param_names(
    estimator: Any, listed: Sequence[Mapping[str, Sequence[Any]]], reserved: str | None = None
) -> None:
    """Refuse names that an estimator does not have.

    A step of a pipeline that the search replaces may bring names of its own.

    Args:
        estimator: The estimator.
        listed: Name -> values that are given in a list, for each dict of the space.
        reserved: The parameter that is the resource of the search.

    Raises:
        UnknownParameterError: It has no such parameter, or the parameter is the resource.
    """
    known = list(estimator.get_params(deep=True))
    for part in listed:
        if reserved in part:
            raise UnknownParameterError(
                f"{reserved!r} is the resource, which grows from rung to rung, so the space cannot "
                "have it as well; leave it out of one of the two"
            )
        for name, values in part.items():
            if name in known or _is_brought(name, part) or _takes(estimator, name, values):
                continue
            near = find_closest(name, known)
            hint = "" if near is None else f"; did you mean {near!r}?"
            raise UnknownParameterError(
                f"Invalid parameter {name!r:.200} for estimator {type(estimator).__name__}{hint} "
                f"It has {', '.join(known):.2000}"
            )


def _is_brought(name: str, part: Mapping[str, Sequence[Any]]) -> bool:
    """Whether a name belongs to an estimator that the search sets."""
    pieces = name.split("__")
    for n in range(len(pieces) - 1, 0, -1):
        values = part.get("__".join(pieces[:n]))
        if values is not None:
            rest = "__".join(pieces[n:])
            return any(rest in _params_of(value) for value in values)
    return False


def _takes(estimator: Any, name: str, values: Sequence[Any]) -> bool:
    """Whether an estimator that does not list a parameter takes it all the same."""
    try:
        clone(estimator).set_params(**{name: values[0] if values else None})
    except Exception:  # whatever the estimator raises of what it does not have
        return False
    return True


def _params_of(value: Any) -> Mapping[str, Any]:
    ask = getattr(value, "get_params", None)
    return {} if ask is None or isinstance(value, type) else ask(deep=True)
