"""Conditions as people write them, by columns, and in the order in which they are decided."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import DistributionError
from ..typing import Array
from ..validation import check_parameter_name, show
from .choices import list_members, to_choice


def normalise_conditions(when: Any) -> dict[str, tuple[Any, ...]]:
    """Return conditions as `{parent: allowed values}`.

    Args:
        when: As people write it: name of a parent to one value, or to a list, set, range, array or
            other collection of them.

    Raises:
        DistributionError: It is no mapping, or a name or a value cannot be stored.
    """
    if not isinstance(when, Mapping):
        raise DistributionError(
            "when names parents, each with the values for which the parameter is active, such as "
            f"{{'kernel': ['rbf', 'poly']}}, got {show(when)} ({type(when).__name__})"
        )
    conditions = {}
    for parent, allowed in when.items():
        name = check_parameter_name(parent, DistributionError)
        members = list_members(allowed)
        conditions[name] = tuple(map(to_choice, [allowed] if members is None else members))
        if not conditions[name]:
            raise DistributionError(f"when allows no value of {name!r}; name at least one")
    return conditions


class Condition(NamedTuple):
    """A conditional parameter.

    Attributes:
        column: Its column.
        parents: The columns of its parents, each with the raw values at which it is active.
    """

    column: int
    parents: list[tuple[int, Array]]


def find_depths(parents: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return the number of conditions above each conditional column, along the longest way.

    Columns whose conditions run in a circle, or depend on such a circle, are left out. Takes O(n)
    for n conditions.

    Args:
        parents: Each conditional column -> the columns that it depends on.
    """
    children: dict[int, list[int]] = {}
    n_waiting = dict.fromkeys(parents, 0)  # conditional parents whose depth is not known yet
    for j, above in parents.items():
        for parent in above:
            if parent in parents:
                children.setdefault(parent, []).append(j)
                n_waiting[j] += 1

    depth: dict[int, int] = {}
    ready = [j for j, n in n_waiting.items() if not n]
    for level in itertools.count():
        depth.update(dict.fromkeys(ready, level))
        following = []
        for child in (c for j in ready for c in children.get(j, ())):
            n_waiting[child] -= 1
            if not n_waiting[child]:
                following.append(child)
        ready = following
        if not ready:
            break
    return depth


def explain_inactive(name: str, params: Mapping[str, Any], dists: Mapping[str, Any]) -> str:
    """Say why a parameter cannot be among these params, and what to do.

    Args:
        name: The parameter.
        params: The params, its own among them.
        dists: Name -> distribution, of all parameters.
    """
    for parent, allowed in (dists[name].when or {}).items():
        needs = f"{name!r:.200} needs {parent!r:.200} to be {' or '.join(map(repr, allowed)):.500}"
        if parent not in params:
            return f"{needs}; give that too"
        above = dists[parent]
        own, *others = (
            above.from_unit(above.to_unit(above.raw(v))) for v in (params[parent], *allowed)
        )
        if own not in others:
            return f"{needs}, and it is {params[parent]!r:.200}; change that, or leave it out"
    return f"{name!r:.200} is not active when the others are {params!r:.500}; leave it out"
