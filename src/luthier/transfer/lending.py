"""Rows of earlier tasks as kernels of densities of good and of other trials.

Notation: T tasks with similarities s_t, from 0 to 1. A kernel of task t weighs s_t / (T + 1), one
of the present task 1 - sum of those.

Source: Watanabe 2023 (meta-learned TPE), eq. 8. Deviation: similarity is the agreement of ranks in
the trials that have ended, instead of the overlap of good regions; without agreement nothing is
lent.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..space.space import Space
from ..typing import Array
from .recall import recall
from .similarity import measure_similarity, split_rows

_MAX_OTHERS = 80  # rows of all tasks together that are not good


class LentRows(NamedTuple):
    """Rows of earlier tasks, and how much each weighs beside a trial of the present one.

    Attributes:
        good: (k, d) unit columns.
        good_weights: (k,) of their kernels, where that of a good trial of mean weight is 1.
        others: (j, d).
        other_weights: (j,).
    """

    good: Array
    good_weights: Array
    others: Array
    other_weights: Array


def lend_rows(space: Space, history: History, share: float) -> LentRows | None:
    """Return rows of the earlier tasks of a study; None where none is like the present one.

    Args:
        space: The space to search.
        history: All trials so far.
        share: Of the rows of each task, those that are good.
    """
    recalled = recall(space, history) if history.info.memory else None
    alike = None if recalled is None else measure_similarity(space, history, recalled)
    if alike is None or not alike.similarity.any():
        return None
    w = alike.similarity / (len(alike.similarity) + 1)
    w = w / (1 - w.sum())
    lending = np.flatnonzero(w)
    w = w[lending]
    parts = [split_rows(space, alike.tasks[t], share) for t in lending]
    most = max(_MAX_OTHERS // len(parts), 1)
    others = [rest[:: max(math.ceil(len(rest) / most), 1)] for _, rest in parts]
    return LentRows(
        good=np.concatenate([good for good, _ in parts]),
        good_weights=np.repeat(w, [len(good) for good, _ in parts]),
        others=np.concatenate(others),
        other_weights=np.concatenate(
            [
                np.full(len(kept), x * len(rest) / max(len(kept), 1))
                for kept, (_, rest), x in zip(others, parts, w, strict=True)
            ]
        ),
    )
