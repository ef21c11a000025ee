"""Which trials are the best, by their losses."""

from __future__ import annotations

import numpy as np

from ..numerics.pareto import is_non_dominated
from ..typing import Array, Index


def find_leaders(numbers: Index, losses: Array) -> Index:
    """Return which of some trials are the best: what "best" means, wherever it is asked.

    With one objective that is the trial with the smallest loss, the earliest of equals; with
    several it is the front, the trials that no other beats in all of them.

    Args:
        numbers: (n,) numbers of trials that can be the best.
        losses: (n, m) their losses. One with NaN is none of the best.
    """
    if losses.shape[1] > 1:
        return numbers[is_non_dominated(losses)]
    loss = losses[:, 0]
    smallest = loss == np.fmin.reduce(loss, initial=np.nan)
    return np.sort(numbers[smallest])[:1]
