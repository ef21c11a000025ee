"""Which tasks of a knowledge base are close to a new one before it has any trial.

What counts is the same data, then the family, the numbers of the context, and free tags. Numbers
that describe data say little of what suits a model, so they order tasks and decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ..history.task import CONTEXT
from .task_log import Head

_LEAST_SHARE = 0.5  # of the parameters, that a task must have
# Differences that count as 1: a factor of 10 in rows and in columns, ten classes, all columns.
_UNITS = dict(zip(CONTEXT, (math.log(10), math.log(10), 10.0, 1.0, 1.0), strict=True))


class Asked(NamedTuple):
    """What is known of a task before its first trial.

    Attributes:
        family: What is tuned; "" where nobody said.
        context: Numbers that say what the data are.
        tags: Free tags.
        data_hash: Hash of the data; "" where nobody said.
    """

    family: str = ""
    context: Mapping[str, float] = {}
    tags: Mapping[str, Any] = {}
    data_hash: str = ""


def order_tasks(heads: Iterable[Head], params: Iterable[str], asked: Asked) -> list[Head]:
    """Return the tasks that may help a new one, the closest first.

    They have at least half of its parameters, or its family where no parameter is known; of another
    family are none. Those from which no model can learn come last.

    Args:
        heads: All tasks.
        params: Names of the parameters of the new one.
        asked: What else is known of it.
    """
    names = set(params)
    fitting = [h for h in heads if may_help(h.params, h.family, names, asked.family)]

    def place(head: Head) -> tuple[bool, bool, bool, float, int, int, int]:
        return (
            not head.tells,
            not asked.data_hash or head.data_hash != asked.data_hash,
            head.family != asked.family,
            measure_distance(asked.context, head.context),
            -count_common_tags(asked.tags, head.tags),
            -head.n,
            -head.place,
        )

    return sorted(fitting, key=place)


def may_help(
    known: Collection[str], known_family: str, names: Collection[str], family: str
) -> bool:
    """Whether a task may help a new one, by what was tuned.

    Args:
        known: Names of its parameters.
        known_family: Its family; "" where nobody said.
        names: Names of the parameters of the new task; none where they are not known yet.
        family: Its family; "" where nobody said.
    """
    if family and known_family and known_family != family:
        return False
    if not names:
        return bool(family) and known_family == family
    return sum(name in known for name in names) >= _LEAST_SHARE * len(names)


def measure_distance(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Return how far two contexts are apart, over the numbers that both have; inf without any.

    Data to classify and data with a numeric target, whose number of classes is 0, are far apart.
    """
    shared = [name for name in CONTEXT if name in a and name in b]
    if not shared:
        return math.inf
    apart = [min(abs(a[name] / _UNITS[name] - b[name] / _UNITS[name]), 1e6) for name in shared]
    is_other_kind = "classes" in shared and (a["classes"] == 0) != (b["classes"] == 0)
    return math.sqrt(sum(x * x for x in apart) / len(apart)) + 3.0 * is_other_kind


def count_common_tags(a: Mapping[str, Any], b: Mapping[str, Any]) -> int:
    """Return how many tags two tasks have in common, with their values."""
    return sum(name in b and b[name] == value for name, value in a.items())
