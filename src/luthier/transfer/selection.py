"""Which of many earlier tasks a study keeps: each once, and of too many those that fit best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..history.task import Task, rank_columns
from ..space.space import Space
from ..typing import Index
from .matching import Matched, match

MAX_TASKS = 60
"""Tasks that a study keeps."""


class LeftOut(NamedTuple):
    """A task that is of no use, and why."""

    name: str
    reason: str


def choose_tasks(
    tasks: Sequence[Task], space: Space, objectives: tuple[str, ...]
) -> tuple[list[Task], list[LeftOut]]:
    """Return the tasks that a study keeps, at most 60, and those that it does not.

    A task that is there twice counts once, also where one of the two has fewer rows, another name
    or another family. Of more than 60 tasks that fit, those that know most of the parameters are
    kept, then those with most rows.

    Args:
        tasks: Earlier tasks.
        space: The space of the study; an empty one where it is not known yet.
        objectives: Names of its objectives.
    """
    left: list[LeftOut] = []
    found: list[tuple[Task, Matched]] = []
    repeated = find_repeated(tasks)
    for i, task in enumerate(tasks):
        matched = [match(task, space, objectives, j) for j in range(len(objectives))]
        best = next((m for m in matched if not m.refused), matched[0])
        if best.refused and space.d:
            left.append(LeftOut(task.name, best.refused))
        elif i in repeated:
            left.append(LeftOut(task.name, "it is there already"))
        else:
            found.append((task, best))
    if len(found) <= MAX_TASKS:
        return [task for task, _ in found], left

    found.sort(key=lambda pair: (-pair[1].compatibility, -len(pair[1].rows)))
    reason = f"a study keeps {MAX_TASKS} tasks, and others fit as well or better"
    left += [LeftOut(task.name, reason) for task, _ in found[MAX_TASKS:]]
    return [task for task, _ in found[:MAX_TASKS]], left


def find_repeated(tasks: Sequence[Task]) -> set[int]:
    """Return the places of tasks whose rows all stand in another one, with the same losses.

    That is the same study: remembered earlier, cut to its best rows, or given twice. Where one of
    the two holds ranks, as in a file for others, the other must rank them alike. Of two that are
    equal the first is no repetition.
    """
    places = [_place_rows(task) for task in tasks]
    owners: dict[bytes, list[int]] = {}  # of a row: tasks that have it
    for i, rows in enumerate(places):
        for key in rows:
            owners.setdefault(key, []).append(i)

    repeated = set[int]()
    for i in sorted(range(len(tasks)), key=lambda i: (tasks[i].n, -i)):
        rows = places[i]
        others = owners[next(iter(rows))] if rows else []
        if any(
            k != i and k not in repeated and _holds(tasks[k], places[k], tasks[i], rows)
            for k in others
        ):
            repeated.add(i)
    return repeated


def _place_rows(task: Task) -> dict[bytes, int]:
    """Return where each row stands, by the names of its parameters and its unit columns."""
    names = repr(task.space.names).encode()
    return {names + x.tobytes(): i for i, x in enumerate(np.round(task.X, 9) + 0.0)}


def _holds(task: Task, places: dict[bytes, int], part: Task, rows: dict[bytes, int]) -> bool:
    """Whether a task has all rows of another one, with the same losses or ranks."""
    if task.losses.shape[1] != part.losses.shape[1] or not rows.keys() <= places.keys():
        return False
    there: Index = np.array([places[key] for key in rows], dtype=np.int64)
    here: Index = np.array(list(rows.values()), dtype=np.int64)
    real = ~(task.is_penalised[there] | part.is_penalised[here])  # others have made-up losses
    a, b = task.losses[there[real]], part.losses[here[real]]
    if task.holds_ranks or part.holds_ranks:
        a, b = rank_columns(a), rank_columns(b)
    return np.array_equal(a, b)
