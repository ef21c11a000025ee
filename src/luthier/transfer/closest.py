"""Which earlier tasks a model learns from: by the order in which they put the first trials.

Notation: T tasks, k trials that have ended; F (k, T) is what tasks predict of them.
"""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..models.training_data import InputEncoder
from ..space.space import Space
from ..typing import Array
from .comparable import collect_comparable
from .recall import Recalled
from .source_models import SourceModels

MAX_MODELLED = 20
"""Tasks that a model learns from."""

_LEAST_COMPATIBILITY = 0.5  # share of the parameters, below which a task only helps the portfolio
_FIRST_CHOICE = 4  # finished trials of the first choice; the next are after twice as many each
_LAST_CHOICE = 64
_N_CACHED = 16

_cache: list[tuple[SourceModels, bytes, SourceModels | None]] = []


def find_closest(
    space: Space, history: History, recalled: Recalled
) -> tuple[SourceModels | None, ...]:
    """Return the tasks that models learn from, one for each objective; None where there are none.

    They know at least half of the parameters. Of more than 20 those are taken that put the first
    trials most clearly in the right order, or in the contrary one, by Kendall's tau. The choice is
    made after 4, 8, 16, 32 and 64 trials and stays between, so that it costs a proposal nothing.

    Args:
        space: The space to search.
        history: All trials so far.
        recalled: What earlier tasks say.
    """
    number, losses = collect_comparable(history)
    k = _FIRST_CHOICE
    while 2 * k <= min(len(number), _LAST_CHOICE):
        k *= 2
    X, losses = history.X[number[:k]], losses[:k]
    return tuple(
        None if models is None else _choose(space, models, X, losses[:, j])
        for j, models in enumerate(recalled.models)
    )


def _choose(space: Space, models: SourceModels, X: Array, y: Array) -> SourceModels | None:
    key = X.tobytes() + y.tobytes()
    for known, trials, found in _cache:
        if known is models and trials == key:
            return found
    compatible = np.array([m.compatibility >= _LEAST_COMPATIBILITY for m in models.matched])
    found = models if compatible.all() else None
    if found is None and compatible.any():
        found = models.select(np.flatnonzero(compatible))
    if found is not None and len(found.matched) > MAX_MODELLED:
        F = found.predict(InputEncoder(space).encode(X))
        clearest = np.argsort(-np.abs(compare_orders(y, F)), kind="stable")[:MAX_MODELLED]
        found = found.select(np.sort(clearest))
    _cache.append((models, key, found))
    del _cache[:-_N_CACHED]
    return found


def compare_orders(y: Array, F: Array) -> Array:
    """Return (T,) Kendall's tau of losses y (k,) and of each column of F (k, T).

    Pairs of equal losses do not count; without any other it is 0.
    """
    i, j = np.tril_indices(len(y), -1)
    sign = np.sign(y[i] - y[j])
    return np.asarray(sign @ np.sign(F[i] - F[j]) / max(np.count_nonzero(sign), 1))
