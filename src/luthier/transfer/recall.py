"""What the earlier tasks of a study say of its space: models of each objective, and a portfolio."""

from __future__ import annotations

from typing import NamedTuple

from ..history.history import History
from ..history.task import Task
from ..models.training_data import InputEncoder
from ..space.space import Space
from ..typing import Array
from .matching import match
from .portfolio import choose_portfolio
from .source_models import SourceModels, learn_tasks

N_PORTFOLIO = 64
_N_CACHED = 8


class Recalled(NamedTuple):
    """What earlier tasks say of a space.

    Attributes:
        models: (m,) of the tasks, one for each objective; None where no task tells of it.
        portfolio: (k, d) points to begin with, the most useful first.
    """

    models: tuple[SourceModels | None, ...]
    portfolio: Array

    def mean_prediction(self, encoder: InputEncoder, X: Array, objective: int) -> Array | None:
        """Return (n,) the mean of what tasks predict of one objective at X (n, d); None without."""
        models = self.models[objective]
        return None if models is None else models.predict(encoder.encode(X)).mean(axis=1)


_cache: list[tuple[Space, tuple[Task, ...], tuple[str, ...], Recalled | None]] = []


def recall(space: Space, history: History) -> Recalled | None:
    """Return what the earlier tasks of a study say of a space; None where they say nothing.

    It is a function of both alone, and kept for the next call.
    """
    memory, objectives = history.info.memory, history.objectives
    if not memory:
        return None
    for known, tasks, names, found in _cache:
        if tasks is memory and names == objectives and _is_same(known, space):
            return found
    found = _learn(space, memory, objectives)
    _cache.append((space, memory, objectives, found))
    del _cache[:-_N_CACHED]
    return found


def _is_same(a: Space, b: Space) -> bool:
    return a is b or (
        list(a.params.items()) == list(b.params.items())
        and [c.text for c in a.constraints] == [c.text for c in b.constraints]
    )


def _learn(space: Space, memory: tuple[Task, ...], objectives: tuple[str, ...]) -> Recalled | None:
    models = tuple(
        learn_tasks(space, [match(task, space, objectives, j) for task in memory])
        for j in range(len(objectives))
    )
    known = [m for m in models if m is not None]
    if not known:
        return None
    return Recalled(models, choose_portfolio(space, known, N_PORTFOLIO))
