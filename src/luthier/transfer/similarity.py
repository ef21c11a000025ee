"""How alike earlier tasks and the present one are: by the order in which both put trials."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..models.training_data import InputEncoder
from ..space.space import Space
from ..typing import Array
from .closest import find_closest
from .comparable import N_COMPARED, collect_comparable
from .matching import Matched
from .portfolio import complete
from .recall import Recalled
from .safe_start import measure_agreement
from .source_models import kendall


class Alike(NamedTuple):
    """Earlier tasks, and how alike each is.

    Attributes:
        tasks: (T,) the tasks.
        similarity: (T,) Kendall's tau of what each predicts of the finished trials, at least 0.
    """

    tasks: tuple[Matched, ...]
    similarity: Array


def measure_similarity(space: Space, history: History, recalled: Recalled) -> Alike | None:
    """Return how alike the tasks are that models learn from, by the first objective.

    None while fewer than four trials have ended, or where memory as a whole ranked them no better
    than chance; and where no task tells of that objective.
    """
    number, losses = collect_comparable(history)
    models = find_closest(space, history, recalled)[0]
    if models is None or len(number) < N_COMPARED:
        return None
    X = history.X[number]
    if measure_agreement(space, X, losses, recalled) <= 0:
        return None
    F = models.predict(InputEncoder(space).encode(X))
    similarity = np.array([max(kendall(losses[:, 0], f), 0.0) for f in F.T])
    return Alike(models.matched, similarity)


def find_most_alike(space: Space, history: History, recalled: Recalled) -> Matched | None:
    """Return the task that is most like the present one; None where none is known to be."""
    alike = measure_similarity(space, history, recalled)
    if alike is None or not alike.similarity.max() > 0:
        return None
    return alike.tasks[int(np.argmax(alike.similarity))]


def split_rows(space: Space, m: Matched, share: float) -> tuple[Array, Array]:
    """Return the best rows of a task (k, d), the best first, and the others, as points of a space.

    Args:
        space: The space.
        m: The task.
        share: Of its rows, the best; at least two.
    """
    order = np.argsort(m.losses, kind="stable")
    n_best = max(math.ceil(share * len(order)), 2)
    inside = m.inside[order]
    X = complete(space, m.X[order])
    return X[:n_best][inside[:n_best]], X[n_best:][inside[n_best:]]
