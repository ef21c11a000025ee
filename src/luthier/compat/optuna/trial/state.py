"""Where a trial is, by the numbers that Optuna stores."""

from __future__ import annotations

import enum


class TrialState(enum.IntEnum):
    """State of a trial."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4

    def __repr__(self) -> str:
        return str(self)

    def is_finished(self) -> bool:
        """Whether the trial is over."""
        return self is not TrialState.RUNNING and self is not TrialState.WAITING
