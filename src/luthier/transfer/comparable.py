"""Trials whose results can be compared: all that ended, or those that were trained as far."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..history.resources import is_partial, rank_at_highest_step
from ..models.training_data import collect_objectives
from ..typing import Array, Index

N_COMPARED = 4
"""Results that tell one earlier task from another."""


def collect_comparable(history: History) -> tuple[Index, Array]:
    """Return numbers (k,) of trials, ascending, and their losses (k, m).

    They are the trials that have ended. Where some of the trials of a study with one objective were
    trained in part, they are those that reached one step, with their losses there: the highest step
    that at least four have reached.
    """
    if len(history.directions) > 1 or not is_partial(history):
        number, losses, _ = collect_objectives(history)
        return number, losses
    number, loss = rank_at_highest_step(history, N_COMPARED)
    finite = loss[np.isfinite(loss)]
    worst = float(finite.max()) if len(finite) else 0.0
    loss = np.where(np.isfinite(loss), loss, worst + max(abs(worst), 1.0))
    order = np.argsort(number)
    return number[order], loss[order, None]
