"""Which of many earlier tasks a study keeps: those that fit, and of these the most different."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..history.task import Task
from ..space.space import Space
from ..typing import Array
from .matching import Matched, match
from .source_models import SourceModels, learn_tasks

MAX_TASKS = 20
"""Tasks that a study keeps."""

_MAX_MODELLED = 60  # tasks among which the most different are looked for


class LeftOut(NamedTuple):
    """A task that is of no use, and why."""

    name: str
    reason: str


def choose_tasks(
    tasks: Sequence[Task], space: Space, objectives: tuple[str, ...]
) -> tuple[list[Task], list[LeftOut]]:
    """Return the tasks that a study keeps, at most 20, and those that it does not.

    A task that is there twice counts once. Of more than 20 tasks that fit, those that know most of
    the parameters come first, then those with most rows; among 60 of these, the ones that stand for
    most others.

    Args:
        tasks: Earlier tasks.
        space: The space of the study; an empty one where it is not known yet.
        objectives: Names of its objectives.
    """
    left: list[LeftOut] = []
    found: list[tuple[Task, Matched]] = []
    contents = set[str]()
    for task in tasks:
        matched = [match(task, space, objectives, j) for j in range(len(objectives))]
        best = next((m for m in matched if not m.refused), matched[0])
        if best.refused and space.d:
            left.append(LeftOut(task.name, best.refused))
        elif (content := task.content) in contents:
            left.append(LeftOut(task.name, "it is there already"))
        else:
            contents.add(content)
            found.append((task, best))
    if len(found) <= MAX_TASKS:
        return [task for task, _ in found], left

    found.sort(key=lambda pair: (-pair[1].compatibility, -len(pair[1].rows)))
    candidates = found[:_MAX_MODELLED]
    models = learn_tasks(space, [m for _, m in candidates]) if space.d else None
    chosen = candidates if models is None else _central(candidates, models)
    kept = [task for task, _ in chosen[:MAX_TASKS]]
    names = {id(task) for task in kept}
    left += [
        LeftOut(task.name, f"a study keeps {MAX_TASKS} tasks, and others stand for it")
        for task, _ in found
        if id(task) not in names
    ]
    return kept, left


def _central(
    candidates: Sequence[tuple[Task, Matched]], models: SourceModels
) -> list[tuple[Task, Matched]]:
    """Return the tasks of a model, those that stand for most others first."""
    place = {id(m.task): i for i, (_, m) in enumerate(candidates)}
    similarity = models.F.T @ models.F / len(models.F)  # correlations: columns are standardised
    order = choose_medoids(similarity)
    return [candidates[place[id(models.matched[i].task)]] for i in order]


def choose_medoids(similarity: Array) -> list[int]:
    """Return indices of (T, T) similar tasks: each next one is like most that no earlier one is.

    Source: Kaufman & Rousseeuw 1990 (the first phase of PAM).
    """
    reached = np.full(len(similarity), -1.0)
    left = list(range(len(similarity)))
    order = []
    while left:
        gains = [np.maximum(similarity[i], reached).sum() for i in left]
        best = left[int(np.argmax(gains))]
        order.append(best)
        left.remove(best)
        reached = np.maximum(reached, similarity[best])
    return order
