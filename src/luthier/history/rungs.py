"""Rungs: the report that counts for a trial at each of them, and how trials rank there."""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..numerics.halving import rung_thresholds
from ..numerics.pareto import fronts
from ..trial.record import State
from ..typing import Array, Index
from .history import History

WORST = float(np.finfo(np.float64).max)
"""The loss of a report that is not finite: behind every other, and still a number."""


def replace_non_finite(losses: Array) -> Array:
    """Return losses that can be compared: NaN and both infinities are `WORST`."""
    good = np.isfinite(losses)
    return losses if good.all() else np.where(good, losses, WORST)


class Rung(NamedTuple):
    """The trials that count at a rung.

    Attributes:
        numbers: (c,) their numbers, ascending.
        losses: (c, m) the losses with which they count; see `replace_non_finite`.
    """

    numbers: Index
    losses: Array

    def order(self, most: float = math.inf) -> Index:
        """Return the numbers (c,), the best first; at least the first `most` of them."""
        return self.numbers[order(self.losses, most)]

    def best_and_equals(self, n: int) -> Index:
        """Return the numbers of the best n, and of all others with the losses of one of these.

        Losses that were not finite are equal to none.
        """
        best = order(self.losses, n)[:n]
        if self.losses.shape[1] == 1:
            loss = self.losses[:, 0]
            equal = (loss <= loss[best].max(initial=-np.inf)) & (loss < WORST)
        else:
            _, kind = np.unique(self.losses, axis=0, return_inverse=True)
            kind = kind.reshape(-1)  # some releases of numpy return a column
            equal = np.isin(kind, kind[best]) & (self.losses < WORST).all(axis=1)
        equal[best] = True
        return self.numbers[np.flatnonzero(equal)]


class Rungs:
    """Finds the report with which each trial counts at each rung.

    A trial counts at a rung with its first report at or beyond it, and one that completed before
    with its last report. Failed trials, trials without a report and re-runs that confirm another
    count nowhere. All others count where they have been, whatever their state; a loss that is not
    finite is the worst.

    It is a cache: the next time only new reports are read. It holds rows of the reports rather than
    losses, so that a report that is replaced needs no care. A copy begins empty.
    """

    def __init__(self) -> None:
        self._clear(None, np.empty(0))

    def __reduce__(self) -> tuple[type[Rungs], tuple[()]]:
        return Rungs, ()

    def _clear(self, history: History | None, marks: Array) -> None:
        self._of = None if history is None else weakref.ref(history.reports)
        self._n = 0  # reports that were read
        self._top = -np.inf  # largest step of them
        self._marks = marks  # (K,) smallest steps that reach a rung
        self._step = np.full((len(marks), 16), np.inf)  # of the first report at or beyond a rung
        self._row = np.full((len(marks), 16), -1)  # its row
        self._last_step = np.full(16, -np.inf)
        self._last_row = np.full(16, -1)

    def at(
        self, history: History, steps: Sequence[float], k: int, among: Index | None = None
    ) -> Rung:
        """Return the trials that count at a rung.

        Args:
            history: All trials and reports.
            steps: (K,) steps of the rungs, ascending.
            k: Index of the rung.
            among: Numbers of the trials that are of interest; None for all.
        """
        if not history.reports.is_whole:  # rows of a cut cannot be used again
            found = Rungs()
            found.read(history, rung_thresholds(steps[k : k + 1]))
            return found.rung(history, 0, among)
        self.read(history, rung_thresholds(steps))
        return self.rung(history, k, among)

    def rows(self, history: History, steps: Sequence[float]) -> Index:
        """Return the row of each trial's first report at or beyond each rung (K, n).

        -1 where there is none. `steps` (K,) are those of the rungs, ascending.
        """
        found = self if history.reports.is_whole else Rungs()
        found.read(history, rung_thresholds(steps))
        return found.first_rows(history.n)

    def first_rows(self, n: int) -> Index:
        """Return the rows that were read last, of n trials (K, n); see `rows`."""
        return self._row[:, :n]

    def read(self, history: History, marks: Array) -> None:
        """Read the reports that are new since the last call."""
        self._set_marks(history, marks)
        self._make_room(history.n)
        begin = self._n
        self._n = history.n_reports
        if begin == self._n:
            return

        number, step = history.report_number[begin:], history.report_step[begin:]
        np.maximum.at(self._last_step, number, step)
        last = np.flatnonzero(step == self._last_step[number])
        self._last_row[number[last]] = begin + last
        self._top = max(self._top, float(step.max()))

        # Each rung is reached by some of those that reached the rung below.
        at = np.arange(len(step))
        for k, mark in enumerate(self._marks):
            at = at[step[at] >= mark]
            if not len(at):
                break
            np.minimum.at(self._step[k], number[at], step[at])
            first = at[step[at] == self._step[k][number[at]]]
            self._row[k][number[first]] = begin + first

    def _set_marks(self, history: History, marks: Array) -> None:
        """Begin anew for another history or other rungs; add rungs above those that are known."""
        known = self._marks
        same_history = self._of is not None and self._of() is history.reports
        if not same_history or not np.array_equal(marks[: len(known)], known):
            self._clear(history, marks)
        elif len(marks) > len(known):
            if marks[len(known)] <= self._top:
                self._clear(history, marks)
            else:  # no trial has been there yet
                more = ((0, len(marks) - len(known)), (0, 0))
                self._step = np.pad(self._step, more, constant_values=np.inf)
                self._row = np.pad(self._row, more, constant_values=-1)
                self._marks = marks

    def _make_room(self, n: int) -> None:
        size = self._last_row.shape[0]
        if n > size:
            more = ((0, 0), (0, max(n, 2 * size) - size))
            self._step = np.pad(self._step, more, constant_values=np.inf)
            self._row = np.pad(self._row, more, constant_values=-1)
            self._last_step = np.pad(self._last_step, more[1], constant_values=-np.inf)
            self._last_row = np.pad(self._last_row, more[1], constant_values=-1)

    def rung(self, history: History, k: int, among: Index | None) -> Rung:
        """Return the trials that count at the k-th rung that was read."""
        numbers = np.arange(history.n) if among is None else np.sort(among)
        row = self._row[k][numbers]
        last = self._last_row[numbers]
        state = history.state[numbers]
        row = np.where((row < 0) & (state == State.COMPLETE), last, row)
        counts = (row >= 0) & (state != State.FAILED) & ~history.confirming[numbers]
        values = history.reports.column("value")[row[counts]]
        return Rung(numbers[counts], replace_non_finite(history.losses_of(values)))


def order(losses: Array, most: float = math.inf) -> Index:
    """Return indices (c,) of losses (c, m), the best first, at least the first `most` of them.

    Equals stay in their order. Several objectives rank by fronts of non-dominated trials, and each
    front by an epsilon-net over it: first its best in the first objective, then always the one that
    is farthest from those before.

    Source: Schmucker 2021, section 3.2 (epsilon-net). Deviation: the net begins with the best in
    the first objective rather than with any.
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
    """Return up to `most` indices of a front (c, m), each beginning of which covers the front."""
    # Of halves the differences cannot overflow.
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
