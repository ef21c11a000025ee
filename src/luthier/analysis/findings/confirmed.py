"""The re-runs of leaders, as `Study.confirm` stored them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...history.history import History
from ...trial.record import State
from ...typing import Array, Index


class Confirmed(NamedTuple):
    """A configuration that was run anew.

    Attributes:
        number: The trial that it was first run in.
        loss: Its loss there.
        numbers: (k,) the re-runs that are complete.
        losses: (k,) their losses.
    """

    number: int
    loss: float
    numbers: Index
    losses: Array

    @property
    def mean(self) -> float:
        """Mean loss of the re-runs."""
        return float(self.losses.mean())

    @property
    def error(self) -> float:
        """Standard error of the mean; infinite for one re-run."""
        k = len(self.losses)
        return float(self.losses.std(ddof=1)) / k**0.5 if k > 1 else np.inf


def list_confirmed(history: History, least: int = 2) -> list[Confirmed]:
    """Return the configurations with at least so many re-runs, by their first trial."""
    loss = history.losses[:, 0]
    complete = (history.state == State.COMPLETE) & history.fits & np.isfinite(loss)
    again = np.flatnonzero(complete & history.confirming)
    if not len(again):
        return []
    groups: dict[bytes, list[int]] = {}
    for number, key in zip(again.tolist(), history.space.keys(history.X[again]), strict=True):
        groups.setdefault(key, []).append(number)
    first: dict[bytes, int] = {}
    own = np.flatnonzero(complete & ~history.confirming)
    for number, key in zip(own.tolist(), history.space.keys(history.X[own]), strict=True):
        if key in groups:
            first.setdefault(key, number)
    found = [
        Confirmed(number, float(loss[number]), np.array(groups[key]), loss[groups[key]])
        for key, number in first.items()
    ]
    return [leader for leader in found if len(leader.losses) >= least]
