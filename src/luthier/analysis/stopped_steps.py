"""The steps at which trials were stopped: the rungs of a scheduler, as they show in the trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..trial.record import State
from ..typing import Array, Index

_MAX_STEPS = 12


class StoppedSteps(NamedTuple):
    """Steps at which trials were pruned or paused.

    Attributes:
        step: (k,) the steps, ascending; of more than 12 those at which most were stopped.
        n_stopped: (k,) how many were stopped there.
        n_reached: (k,) how many came there or further.
    """

    step: Array
    n_stopped: Index
    n_reached: Index


def count_stops(history: History) -> StoppedSteps:
    """Count where trials were stopped.

    Args:
        history: All trials.
    """
    last = history.last_step
    stopped = np.isin(history.state, (State.PRUNED, State.PAUSED)) & (last > 0)
    step, n = np.unique(last[stopped], return_counts=True)
    most = np.sort(np.argsort(-n, kind="stable")[:_MAX_STEPS])
    reached = np.sort(last[~np.isnan(last)])
    n_reached = len(reached) - np.searchsorted(reached, step[most])
    return StoppedSteps(step[most], n[most], n_reached)
