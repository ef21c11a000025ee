"""Params as an objective reads them: a name that is not there is explained."""

from __future__ import annotations

from typing import Any, NoReturn

from msgspec.structs import replace

from ..errors import MissingParameterError, find_closest
from ..space.space import Space
from .record import TrialRow


def explain_params(row: TrialRow, space: Space) -> TrialRow:
    """Return the record of a trial with params that say what there is where a name is missing.

    Args:
        row: The record.
        space: The study's space.
    """
    params = Params(row.params, row.number, space, is_over=row.state.finished)
    return replace(row, params=params)


class Params(dict[str, Any]):
    """A trial's params, name to value: a dict, which says what there is where a name is missing.

    Args:
        params: The params.
        number: The trial's number.
        space: The study's space, as far as the trial knows it.
        is_over: Whether the trial has ended, so that no further name can come.
    """

    __slots__ = ("_is_over", "_number", "_space")

    def __init__(
        self, params: dict[str, Any], number: int, space: Space, is_over: bool = False
    ) -> None:
        super().__init__(params)
        self._is_over = is_over
        self._number = number
        self._space = space

    def __missing__(self, name: Any) -> NoReturn:
        raise MissingParameterError(self._explain(name))

    def __getattr__(self, name: str) -> NoReturn:
        read = f"params[{name!r}]" if name in self else "params[name]"
        raise AttributeError(f"params are a dict, which has no attribute {name!r}; write {read}")

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # elsewhere it is a plain dict

    def _explain(self, name: Any) -> str:
        missing = f"trial {self._number} has no parameter {name!r:.100}"
        known = self._space.params
        if isinstance(name, str) and name in known:
            inactive = [
                f"{parent} = {self[parent]!r:.100}" if parent in self else f"{parent} is not there"
                for parent in known[name].when or ()
            ]
            if inactive:
                return (
                    f"{missing}: it is not active here, as {' and '.join(inactive)}; read it where "
                    f"its parent allows it, or write trial.params.get({name!r})"
                )
            if self._is_over:
                return f"{missing}: its objective did not ask for it, as those of others did"
            return f"{missing} yet: a suggest call gives its value"
        near = find_closest(name, self) if isinstance(name, str) else None
        hint = f"did you mean {near!r}? " if near else ""
        return f"{missing}; {hint}it has {', '.join(map(repr, self))[:500] or 'none yet'}"
