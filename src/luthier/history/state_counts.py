"""How many trials are in each state, in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..trial.record import State
from ..wording import count_of


def describe_states(states: NDArray[np.integer]) -> str:
    """Return such as "3 trials: 1 running, 2 failed", for the messages of errors.

    Args:
        states: (n,) those of all trials of a study.
    """
    if not len(states):
        return "the study has no trials"
    counts = {state.name.lower(): int((states == state).sum()) for state in State}
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{count_of(len(states), 'trial')}: {listed}"
