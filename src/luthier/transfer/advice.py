"""First configurations for a new task, with the evidence for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..history.task import Task
from ..space.space import Space
from ..wording import list_params
from .matching import match
from .portfolio import choose_greedily, judge_candidates
from .source_models import learn_tasks


@dataclass(frozen=True)
class Advice:
    """A configuration to begin with.

    Attributes:
        params: Its params.
        best_in: Names of the tasks in which it is the best of all that are recommended together.
        n_tasks: Number of tasks that tell of it.
        regret: Its mean loss over these: 0 for the best of a task, 1 for its median.
    """

    params: dict[str, Any]
    best_in: tuple[str, ...]
    n_tasks: int
    regret: float

    @property
    def evidence(self) -> str:
        """What speaks for it, such as "best in 7 of 12 tasks"."""
        tasks = "task" if self.n_tasks == 1 else "tasks"
        return f"best in {len(self.best_in)} of {self.n_tasks} {tasks}"

    def __str__(self) -> str:
        return f"{list_params(self.params)}: {self.evidence}"


def advise(
    space: Space, tasks: Sequence[Task], n: int, objectives: tuple[str, ...] = ("value",)
) -> list[Advice]:
    """Return up to n configurations to begin with, the most useful first; none without a task.

    Args:
        space: The space of the new task.
        tasks: Earlier tasks.
        n: How many.
        objectives: Names of its objectives.
    """
    models = [
        learn_tasks(space, [match(task, space, objectives, j) for task in tasks])
        for j in range(len(objectives))
    ]
    known = [each for each in models if each is not None]
    if not known:
        return []
    X, R = judge_candidates(space, known)
    chosen = choose_greedily(R, n)
    X, R = X[chosen], R[chosen]
    owners = [m.task for each in known for m in each.matched]
    distinct = list(dict.fromkeys(owners))
    same = np.array([[task is owner for owner in owners] for task in distinct])
    R = R @ (same.T / same.sum(axis=1))  # of a task that tells of several objectives, the mean
    best = np.argmin(R, axis=0)
    return [
        Advice(
            params=params,
            best_in=tuple(task.name for task, i in zip(distinct, best, strict=True) if i == k),
            n_tasks=len(distinct),
            regret=float(R[k].mean()),
        )
        for k, params in enumerate(space.decode(X, short=True))
    ]
