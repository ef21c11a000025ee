"""Configurations to begin with: each next one helps most on the earlier tasks.

Notation: T tasks, c candidates. R (c, T) is the loss of a candidate on a task, 0 for the best of an
even sample of the space, and at least 1 from its median on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..models.training_data import InputEncoder
from ..space.space import Space
from ..typing import Array, Index
from .matching import Matched
from .source_models import SourceModels

_N_TOP = 5  # rows of each task, the best, that are candidates
_N_EVEN = 50  # candidates of the even sample


def choose_portfolio(space: Space, models: Sequence[SourceModels], n: int) -> Array:
    """Return (k, d) up to n points to begin with, the most useful first.

    Args:
        space: The space of the later study.
        models: What earlier tasks predict there, one for each objective that they tell of.
        n: How many.
    """
    X, R = judge_candidates(space, models)
    return X[choose_greedily(R, n)]


def judge_candidates(space: Space, models: Sequence[SourceModels]) -> tuple[Array, Array]:
    """Return points (c, d) that a portfolio may have, and their losses R (c, T).

    Candidates are the best rows of all tasks, and the points of an even sample that they think best
    of in the mean. What a task found best has no loss on that task, whatever its model smooths. The
    space's defaults are no candidate: the even sample of a start begins with them.

    Args:
        space: The space of the later study.
        models: What earlier tasks predict there, one for each objective that they tell of.
    """
    tasks = [m for each in models for m in each.matched]
    rows = [_best_rows(space, m) for m in tasks]
    owner = np.array([t for t, r in enumerate(rows) if len(r)], dtype=np.int64)
    F = np.concatenate([each.F for each in models], axis=1)
    even = models[0].U[np.argsort(F.mean(axis=1), kind="stable")[:_N_EVEN]]
    candidates = np.concatenate([*(r[:1] for r in rows), *(r[1:] for r in rows), even])

    low, median = F.min(axis=0), np.median(F, axis=0)
    Z = InputEncoder(space).encode(candidates)
    F = np.concatenate([each.predict(Z) for each in models], axis=1)
    R = np.clip((F - low) / np.maximum(median - low, 1e-12), 0.0, 1.0)
    R[np.arange(len(owner)), owner] = 0.0
    return merge_equal(space, candidates, R)


def merge_equal(space: Space, X: Array, R: Array) -> tuple[Array, Array]:
    """Return the different points of X, in their order, and the smallest losses of each."""
    place: dict[bytes, int] = {}
    which = np.array([place.setdefault(key, len(place)) for key in space.keys(X)], dtype=np.int64)
    first = np.unique(which, return_index=True)[1]
    smallest = np.full((len(place), R.shape[1]), np.inf)
    np.minimum.at(smallest, which, R)
    return X[first], smallest


def choose_greedily(R: Array, n: int) -> Index:
    """Return up to n rows of R (c, T): each next one lowers the mean of the minima most.

    Where none lowers it, the one with the smallest mean is next.

    Source: Nemhauser 1978 (at least 63 % of what any n rows reach); Feurer 2022 (portfolios of
    configurations).
    """
    chosen: list[int] = []
    reached = np.ones(R.shape[1])
    left = np.ones(len(R), dtype=bool)
    mean = R.mean(axis=1)
    for _ in range(min(n, len(R))):
        with_it = np.minimum(R, reached).mean(axis=1)
        i = int(np.lexsort((mean, np.round(with_it, 12), ~left))[0])
        chosen.append(i)
        left[i] = False
        reached = np.minimum(reached, R[i])
    return np.array(chosen, dtype=np.int64)


def _best_rows(space: Space, m: Matched) -> Array:
    """Return (k, d) the best rows of a task as points of the space, the best first.

    What the task does not know stands at its default. Rows that are outside of the present ranges
    are left out, and those that were penalised.
    """
    order = np.argsort(m.losses, kind="stable")
    good = m.inside & ~m.task.is_penalised[m.rows]
    order = order[good[order]][:_N_TOP]
    X = complete(space, m.X[order])
    return X[space.feasible(X)] if space.constraints else X


def complete(space: Space, X: Array) -> Array:
    """Return points (n, d) that lack no active parameter: where one did, it has its default."""
    return space.settle(np.where(np.isnan(X), space.start(), X))
