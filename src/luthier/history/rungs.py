"""Rungs: which report counts for a trial at each of them, and who is better than whom there."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..numerics.halving import reached
from ..numerics.pareto import fronts
from ..trial.record import State
from ..typing import Array, Index
from .history import History

WORST = float(np.finfo(np.float64).max)
"""The loss of a report that is not finite.

Behind every other, and still a number to compute with.
"""


def ranked(losses: Array) -> Array:
    """Losses that can be compared: NaN and both infinities are `WORST`."""
    good = np.isfinite(losses)
    return losses if good.all() else np.where(good, losses, WORST)


class Rung(NamedTuple):
    """The trials that count at a rung.

    Attributes:
        numbers: (c,) Who they are, ascending.
        losses: (c, m) With what; comparable.
    """

    numbers: Index
    losses: Array

    def order(self, most: float = math.inf) -> Index:
        """(c,) The numbers, the best first; at least the first `most` of them."""
        return self.numbers[order(self.losses, most)]


class Rungs:
    """Finds the report with which each trial counts at each rung.

    A trial counts at a rung with its first report at or beyond it, and one that completed before
    with its last report. Failed trials, trials that reported nothing and re-runs that confirm
    another count nowhere. All others count where they have been, whatever became of them; what is
    not finite is the worst there is.

    What was found is kept, and only new reports are looked at the next time. It keeps rows rather
    than losses, so reports that are replaced need no care, and it can be thrown away at any time: a
    copy begins empty.
    """

    def __init__(self) -> None:
        self._clear(None, np.empty(0))

    def __reduce__(self) -> tuple[type[Rungs], tuple[()]]:
        return Rungs, ()

    def _clear(self, history: History | None, marks: Array) -> None:
        self._of = None if history is None else weakref.ref(history.reports)
        self._n = 0
        self._top = -np.inf
        self._marks = marks
        self._step = np.full((len(marks), 16), np.inf)
        self._row = np.full((len(marks), 16), -1)
        self._last_step = np.full(16, -np.inf)
        self._last_row = np.full(16, -1)

    def at(
        self, history: History, steps: Sequence[float], k: int, among: Index | None = None
    ) -> Rung:
        """The trials that count at a rung.

        Args:
            history: All trials and reports.
            steps: (K,) Where the rungs stand, ascending.
            k: Which rung.
            among: Numbers of the trials that are of interest; None for all.
        """
        if not history.reports.whole:  # a cut of a history: nothing of it is kept
            found = Rungs()
            found._read(history, reached(steps[k : k + 1]))
            return found._rung(history, 0, among)
        self._read(history, reached(steps))
        return self._rung(history, k, among)

    def rows(self, history: History, steps: Sequence[float]) -> Index:
        """(K, n) the report that is each trial's first at or beyond each rung.

        -1 where there is none.
        """
        found = self if history.reports.whole else Rungs()
        found._read(history, reached(steps))
        return found._row[:, : history.n]

    def _read(self, history: History, marks: Array) -> None:
        """Takes in reports that are new."""
        known = self._marks
        if (
            self._of is None
            or self._of() is not history.reports
            or not np.array_equal(marks[: len(known)], known)
        ):
            self._clear(history, marks)
        elif len(marks) > len(known):
            if marks[len(known)] <= self._top:
                self._clear(history, marks)
            else:  # nobody has been there yet
                more = ((0, len(marks) - len(known)), (0, 0))
                self._step = np.pad(self._step, more, constant_values=np.inf)
                self._row = np.pad(self._row, more, constant_values=-1)
                self._marks = marks
        size = self._last_row.shape[0]
        if history.n > size:
            more = ((0, 0), (0, max(history.n, 2 * size) - size))
            self._step = np.pad(self._step, more, constant_values=np.inf)
            self._row = np.pad(self._row, more, constant_values=-1)
            self._last_step = np.pad(self._last_step, more[1], constant_values=-np.inf)
            self._last_row = np.pad(self._last_row, more[1], constant_values=-1)
        begin = self._n
        self._n = history.n_reports
        if begin == self._n:
            return
        number, step = history.report_number[begin:], history.report_step[begin:]
        np.maximum.at(self._last_step, number, step)
        last = np.flatnonzero(step == self._last_step[number])
        self._last_row[number[last]] = begin + last
        self._top = max(self._top, float(step.max()))
        at = np.arange(len(step))
        for k, mark in enumerate(self._marks):
            at = at[step[at] >= mark]
            if not len(at):
                break
            np.minimum.at(self._step[k], number[at], step[at])
            first = at[step[at] == self._step[k][number[at]]]
            self._row[k][number[first]] = begin + first

    def _rung(self, history: History, k: int, among: Index | None) -> Rung:
        numbers = np.arange(history.n) if among is None else np.sort(among)
        row = self._row[k][numbers]
        last = self._last_row[numbers]
        state = history.state[numbers]
        row = np.where((row < 0) & (state == State.COMPLETE), last, row)
        counts = (row >= 0) & (state != State.FAILED) & ~history.confirming[numbers]
        return Rung(
            numbers[counts], ranked(history.losses_of(history.reports.column("value")[row[counts]]))
        )


def order(losses: Array, most: float = math.inf) -> Index:
    """(c,) Indices of losses (c, m), the best first, at least the first `most` of them.

    Equals stay as they are.

    Several objectives rank by fronts of non-dominated trials, and each front by a net over it:
    first its best in the first objective, then always the one that is farthest from those before.

    Source: Schmucker 2021, section 3.2 (epsilon-net). Deviation: begins in the corner rather than
    anywhere.
    """
    if losses.shape[1] == 1:
        return np.argsort(losses[:, 0], kind="stable")
    front = fronts(losses)
    chosen = np.empty(0, dtype=np.int64)
    enough = int(min(len(losses), most))
    while len(chosen) < enough:
        at = np.flatnonzero(front == (front[chosen[-1]] + 1 if len(chosen) else 0))
        chosen = np.concatenate([chosen, at[_net(losses[at], enough - len(chosen))]])
    return chosen


def _net(losses: Array, most: int) -> list[int]:
    """Up to `most` indices of a front (c, m) in such an order that every beginning of it covers the front."""
    # halves: their differences cannot overflow
    low = losses.min(axis=0) / 2
    high = losses.max(axis=0) / 2
    Z = (losses / 2 - low) / np.where(high > low, high - low, 1.0)
    chosen = [int(np.argmin(losses[:, 0]))]
    far = np.full(len(Z), np.inf)
    for _ in range(min(len(Z), most) - 1):
        far = np.minimum(far, ((Z - Z[chosen[-1]]) ** 2).sum(axis=1))
        far[chosen[-1]] = -1.0
        chosen.append(int(np.argmax(far)))
    return chosen
