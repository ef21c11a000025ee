"""The finished trials that an analysis may count, as arrays, and how many others it left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..history.history import History
from ..trial.record import State
from ..typing import Array, Index


class FinishedTrials(NamedTuple):
    """Complete and feasible trials that fit the present space.

    Attributes:
        number: (k,) numbers of the trials, ascending.
        X: (k, d) unit columns, NaN where a parameter is inactive.
        losses: (k, m) smaller is better; may be infinite, never NaN.
        left_out: Why trials that had a turn do not count, and how many: "pruned", "paused",
            "failed", "infeasible", "outside the space" and "without a value". Reasons that no trial
            has are not there.
    """

    number: Index
    X: Array
    losses: Array
    left_out: Mapping[str, int]

    @property
    def n(self) -> int:
        """Number of trials that count."""
        return len(self.number)

    def describe_left_out(self) -> str:
        """Return what was left out in words, as "12 pruned, 3 failed"; "" for nothing."""
        return ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())


def thin_out(history: History, most: int) -> History:
    """Return a history in which at most so many trials have had a turn, evenly chosen by number."""
    if history.n <= most:
        return history
    hidden = np.ones(history.n, dtype=bool)
    hidden[np.linspace(0, history.n - 1, most).round().astype(int)] = False
    return history.without(hidden)


def collect_finished(history: History) -> FinishedTrials:
    """Return the trials of a study that an analysis may count.

    Trials that wait or run are neither counted nor left out. Re-runs of `Study.confirm` count: see
    `History.confirming`. A trial with several faults is counted at the first of the reasons.
    """
    state = history.state
    remaining = np.asarray(state >= State.PAUSED)
    reasons = {
        "pruned": state == State.PRUNED,
        "paused": state == State.PAUSED,
        "failed": state == State.FAILED,
        "infeasible": ~history.feasible,
        "hidden": history.hidden,
        "outside the space": ~history.fits,
        "without a value": np.isnan(history.losses).any(axis=1),
    }
    left_out = {}
    for reason, has in reasons.items():
        out = remaining & has
        remaining &= ~out
        if out.any():
            left_out[reason] = int(out.sum())

    number = np.flatnonzero(remaining)
    return FinishedTrials(number, history.X[number], history.losses[number], left_out)
