"""Limits on the studies that the service proposes for.

They bound what a request can cost before anything is computed. Studies beyond them can be kept by
the service, and run by workers that propose for themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Sized
from typing import Any

from ..errors import SpaceError, StudyError
from ..samplers.base import Sampler
from ..samplers.grid import Grid
from ..space.space import Space

MAX_OBJECTIVES = 20
_MAX_PARAMS = 1000
_MAX_CHOICES = 1000  # of one parameter, or values of one parent at which it is active
_MAX_ALL_CHOICES = 10_000
_MAX_CONDITIONS = 1000
_MAX_CONSTRAINTS = 100
_MAX_CONSTRAINT_LENGTH = 2000  # characters
_MAX_ALL_CONSTRAINTS_LENGTH = 10_000  # characters
_MAX_NAMES_LENGTH = 100_000  # characters of all names together
_MAX_GRID = 10_000_000  # points times parameters


def require_small_space(described: dict[str, Any]) -> dict[str, Any]:
    """Return a description of a space, unless proposing from it would cost much.

    Raises:
        SpaceError: It has too many of something.
    """
    params = described.get("params", described)
    if isinstance(params, Mapping):
        _require_at_most("parameters", len(params), _MAX_PARAMS)
        _require_at_most(
            "characters in the names of all parameters", sum(map(len, params)), _MAX_NAMES_LENGTH
        )
        _require_few_choices(params)
    constraints = described.get("constraints")
    if isinstance(constraints, Sequence):
        hint = "; join some with 'and'"
        _require_at_most("constraints", len(constraints), _MAX_CONSTRAINTS, hint)
        lengths = [len(text) for text in constraints if isinstance(text, str)]
        what = "characters in a constraint"
        _require_at_most(what, max(lengths, default=0), _MAX_CONSTRAINT_LENGTH)
        what = "characters in all constraints"
        _require_at_most(what, sum(lengths), _MAX_ALL_CONSTRAINTS_LENGTH)
    return described


def _require_few_choices(params: Mapping[str, Any]) -> None:
    """Refuse too many choices, conditions, or values of parents in conditions."""
    fields = [p if isinstance(p, Mapping) else {"choices": p} for p in params.values()]
    n_choices = [_size(described.get("choices")) for described in fields]
    _require_at_most("choices of a parameter", max(n_choices, default=0), _MAX_CHOICES)
    _require_at_most("choices of all parameters", sum(n_choices), _MAX_ALL_CHOICES)

    conditions = [described.get("when") for described in fields]
    allowed = [v for when in conditions if isinstance(when, Mapping) for v in when.values()]
    n_values = list(map(_size, allowed))
    _require_at_most("conditions", len(allowed), _MAX_CONDITIONS)
    _require_at_most("values in a condition", max(n_values, default=0), _MAX_CHOICES)
    _require_at_most("values in all conditions", sum(n_values), _MAX_ALL_CHOICES)


def _size(value: Any) -> int:
    """How many values a list has; anything else is one."""
    return len(value) if isinstance(value, Sized) and not isinstance(value, str) else 1


def _require_at_most(what: str, n: int, most: int, hint: str = "") -> None:
    if n > most:
        raise SpaceError(f"the service takes at most {most} {what}, got {n}{hint}")


def require_few_objectives(directions: Sized) -> None:
    """Refuse a study with more objectives than can be searched in reasonable time.

    Raises:
        StudyError: There are too many.
    """
    if len(directions) > MAX_OBJECTIVES:
        raise StudyError(
            f"the service takes at most {MAX_OBJECTIVES} objectives, got {len(directions)}"
        )


def require_small_grid(space: Space, sampler: Sampler) -> None:
    """Refuse a grid that is too large to be listed.

    Raises:
        SpaceError: It is.
    """
    n_points = math.prod(float(dist.n_values or math.inf) for dist in space.dists)
    if isinstance(sampler, Grid) and n_points * space.d > _MAX_GRID and space.finite:
        raise SpaceError(
            f"the service lists at most {_MAX_GRID} values of a grid, points times parameters, got "
            f"{n_points:.3g} points of {space.d}; choose another sampler, or fewer values"
        )
