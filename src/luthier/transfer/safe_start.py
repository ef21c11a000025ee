"""The first trials of a study with memory: what helped before, and an even sample, in turns.

The even sample is what a study without memory would begin with. Its first point, the space's
defaults or middle, is the second trial, and a judge: once four trials have ended, memory must have
ranked them better than chance. So memory that misleads costs three trials.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..history.resources import is_partial
from ..models.training_data import InputEncoder
from ..numerics.rank_tests import average_ranks
from ..space.space import Space
from ..typing import Array, Mask
from .comparable import collect_comparable
from .recall import Recalled

N_JUDGED = 4
"""Finished trials after which memory is judged."""

N_START = 5
"""Finished trials after which a model takes over, where memory was right."""

_N_PORTFOLIO = 4  # of the trials until then
_N_LONGER = 7  # the least where memory was wrong
_FEW_WORKERS = 2
_ONE_IN = 3  # trials, where a scheduler trains most of them in part
_SAME = 1e-7  # largest difference of two unit columns that count as equal


class StartState(NamedTuple):
    """How far the start of a study has come.

    Attributes:
        length: Finished trials after which it is over.
        agreement: How well memory ranked the finished trials, from -1 to 1; None while fewer than
            four have ended, or none of the even sample has.
        next: (k, d) points of the portfolio that are still to come; none where memory was wrong.
        leads: Whether the next trial is one of these, and not one of the even sample.
    """

    length: int
    agreement: float | None
    next: Array
    leads: bool


def follow_start(space: Space, history: History, recalled: Recalled, n: int) -> StartState:
    """Return how far the start of a study with memory has come.

    Where trials run at the same time, all but one of the first are of the portfolio. Where more
    than a third of all trials do, all are. Where trials are trained in part, one in three is, so
    that each bracket of a scheduler has its share.

    Args:
        space: The space to search.
        history: All trials so far.
        recalled: What earlier tasks say.
        n: Number of points that are asked for.
    """
    number, losses = collect_comparable(history)
    tried = find_rows(history.X, recalled.portfolio)
    agreement = judge(space, history.X[number], losses, recalled)
    if is_wrong(agreement):
        longer = length_without(space, history.budget)
        return StartState(longer, agreement, recalled.portfolio[:0], False)

    n_workers = len(history.running) + n
    n_tried = int(tried.sum())
    left = recalled.portfolio[~tried]
    is_wide = history.budget is not None and 3 * n_workers > history.budget and n_workers > 1
    if is_wide:
        return StartState(history.budget or 0, agreement, left, history.n > n_tried)
    n_portfolio = max(_N_PORTFOLIO, n_workers if n_workers > _FEW_WORKERS else 0)
    if is_partial(history):
        n_portfolio = max(n_portfolio, history.n // _ONE_IN + 1)
    left = left[: max(n_portfolio - n_tried, 0)]
    n_others = history.n - n_tried
    leads = bool(len(left)) and (not n_tried or bool(n_others) or n_workers > _FEW_WORKERS)
    return StartState(N_START, agreement, left, leads)


def judge(space: Space, X: Array, losses: Array, recalled: Recalled) -> float | None:
    """Return how well memory ranks the finished trials of a start, from -1 to 1.

    None while fewer than four have ended, or none of the even sample has; see `measure_agreement`.
    """
    if len(X) < N_JUDGED or find_rows(recalled.portfolio, X).all():
        return None
    return measure_agreement(space, X, losses, recalled)


def is_wrong(agreement: float | None) -> bool:
    """Whether memory ranked trials no better than chance, so that the start is without it."""
    return agreement is not None and agreement <= 0


def length_without(space: Space, budget: int | None) -> int:
    """Return after how many finished trials a start is over that has dropped memory."""
    quarter = math.inf if budget is None else budget // 4
    return int(max(_N_LONGER, min(space.d + 1, quarter)))


def find_drop(
    space: Space, X: Array, losses: Array, recalled: Recalled, budget: int | None
) -> int | None:
    """Return after how many finished trials the start was without memory; None where it was not.

    Memory is judged after each trial of the start, as `follow_start` does, and the last judgement
    stands.

    Args:
        space: The space of the trials.
        X: (k, d) unit columns of finished trials, in their order.
        losses: (k, m) of them.
        recalled: What earlier tasks say.
        budget: Number of trials that there will be; None where it is not known.
    """
    dropped = None
    n, length = N_JUDGED, N_START
    while n <= min(len(X), length):
        wrong = is_wrong(judge(space, X[:n], losses[:n], recalled))
        length = length_without(space, budget) if wrong else N_START
        dropped = (dropped or n) if wrong else None
        n += 1
    return dropped


def measure_agreement(space: Space, X: Array, losses: Array, recalled: Recalled) -> float:
    """Return how well memory ranks trials, from -1 to 1: Kendall's tau with weights.

    A pair counts as much as memory tells its two trials apart, so that those of the portfolio, of
    which it expects the same, say little of each other.

    Args:
        space: The space of the trials.
        X: (k, d) unit columns of finished trials.
        losses: (k, m) of them.
        recalled: What earlier tasks say.
    """
    encoder = InputEncoder(space)
    n = len(X)
    centred = 2 * np.arange(1, n + 1) - (n + 1)
    total, most = 0.0, 1e-300
    for j, y in enumerate(losses.T):
        f = recalled.mean_prediction(encoder, X, j)
        if f is not None:  # sums over all pairs, by ranks
            f = f - f[0]
            total += float(f @ (2 * average_ranks(y) - (n + 1)))
            most += float(np.sort(f) @ centred)
    return total / most


def find_rows(X: Array, points: Array) -> Mask:
    """Return (k,) whether points (k, d) are rows of X (n, d), up to rounding."""
    apart = np.abs(points[:, None] - X)
    apart[np.isnan(points)[:, None] & np.isnan(X)] = 0.0
    same = np.all(apart < _SAME, axis=2)
    return np.asarray(np.any(same, axis=1), dtype=np.bool_)
