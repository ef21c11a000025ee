"""The first trials of a study that has earlier tasks to learn from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..history.history import History
from ..history.resources import is_partial
from ..models.training_data import InputEncoder
from ..space.space import Space
from ..transfer.closest import find_closest
from ..transfer.recall import recall
from ..transfer.safe_start import follow_start
from ..transfer.similarity import find_most_alike, split_rows
from ..typing import Array
from .base import replace_seen


def start_length(space: Space, history: History, without: int) -> int:
    """Return after how many finished trials a model takes over from the start.

    Args:
        space: The space to search.
        history: All trials so far.
        without: That number where no earlier task tells of the space.
    """
    recalled = recall(space, history)
    return without if recalled is None else follow_start(space, history, recalled, 1).length


def lead_by_memory(
    space: Space,
    history: History,
    n: int,
    rng: np.random.Generator,
    sample_evenly: Callable[[int], Array],
) -> Array:
    """Return n points (n, d): those of the portfolio whose turn it is, and even ones.

    Args:
        space: The space to search.
        history: All trials so far.
        n: Number of points.
        rng: Source of points in place of repeated ones.
        sample_evenly: Returns so many points of the even sample.
    """
    recalled = recall(space, history)
    start = None if recalled is None else follow_start(space, history, recalled, n)
    if start is None or not len(start.next):
        return sample_evenly(n)
    if n > 1:
        X = np.concatenate([start.next[:n], sample_evenly(n)])[:n]
        return replace_seen(space, history, X, rng)
    return start.next[:1] if start.leads else sample_evenly(1)


def next_of_portfolio(space: Space, history: History, n: int) -> Array | None:
    """Return (1, d) the point of the portfolio whose turn it is; None where it is another's.

    Args:
        space: The space to search.
        history: All trials so far.
        n: Number of points that are asked for; more than one have no turns.
    """
    recalled = recall(space, history)
    start = None if recalled is None or n > 1 else follow_start(space, history, recalled, n)
    return start.next[:1] if start is not None and start.leads else None


def lead_bracket(space: Space, history: History, n: int) -> Array | None:
    """Return (1, d) the next point of the portfolio where a scheduler trains trials in part.

    One in three of the trials is such a point, so that each bracket has its share; None where it is
    another's turn, where all trials are trained in full, and where memory was wrong.

    Args:
        space: The space to search.
        history: All trials so far.
        n: Number of points that are asked for; more than one have no turns.
    """
    partial = bool(history.info.memory) and is_partial(history)
    return next_of_portfolio(space, history, n) if partial else None


def good_rows(space: Space, history: History, share: float) -> Array:
    """Return (k, d) good rows of the earlier task that ranked the first trials best.

    None while too few trials have ended to tell, or where memory as a whole was wrong.

    Args:
        space: The space to search.
        history: All trials so far.
        share: Of the rows of that task, the best.
    """
    recalled = recall(space, history)
    none = np.empty((0, space.d))
    if recalled is None:
        return none
    alike = find_most_alike(space, history, recalled)
    return none if alike is None else split_rows(space, alike, share)[0]


def see_tasks(space: Space, history: History) -> Callable[[Array], Array] | None:
    """Return what adds to points (n, d) a column for each earlier task: what it predicts there.

    None where the study has no such tasks.
    """
    recalled = recall(space, history) if history.info.memory else None
    models = None if recalled is None else find_closest(space, history, recalled)[0]
    if models is None:
        return None
    encoder = InputEncoder(space)
    return lambda X: np.hstack([X, models.predict(encoder.encode(X))])
