"""When trials ran: turn by turn, without their pauses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..history.history import History
from ..trial.record import State, Turn
from ..typing import Array, Index


class TurnTimes(NamedTuple):
    """Turns of trials, by their begin; times are in seconds since 1970.

    Where nobody knows when a trial was paused, the turns before and after count as one: it is as
    long as they were together, and ends where the later one did.

    Attributes:
        number: (k,) numbers of their trials.
        start_s: (k,) begin.
        end_s: (k,) end, at `start_s` or later; NaN while it runs.
        state: (k,) a `State` each: PAUSED where a pause followed, else that of the trial.
        n_unknown: (k,) pauses that are left out, as nobody knows when they were.
    """

    number: Index
    start_s: Array
    end_s: Array
    state: NDArray[np.int8]
    n_unknown: Index


def find_turn_times(history: History) -> TurnTimes:
    """Return when trials ran, of those that have a begin.

    A trial that waits to be run again is left out, as nobody knows when it was given back.
    """
    started = ~np.isnan(history.started_s) & (history.state != State.WAITING)
    split = np.zeros(history.n, dtype=bool)
    split[[i for i, turns in history.turns.items() if count_pauses(turns)]] = True

    whole = np.flatnonzero(started & ~split)
    columns = [history.started_s[whole], history.finished_s[whole], history.state[whole]]
    in_one = np.array([whole, *columns, np.zeros(len(whole))])
    rows = [row for i in np.flatnonzero(started & split).tolist() for row in _split(history, i)]
    in_turns = np.array(rows, dtype=np.float64).reshape(-1, len(in_one)).T

    number, start, end, state, n_unknown = np.concatenate([in_one, in_turns], axis=1)
    order = np.lexsort((number, start))
    return TurnTimes(
        number=number[order].astype(np.int64),
        start_s=start[order],
        end_s=np.maximum(start, end)[order],
        state=state[order].astype(np.int8),
        n_unknown=n_unknown[order].astype(np.int64),
    )


def count_pauses(turns: tuple[Turn, ...]) -> int:
    """Return how often a trial went on after a pause.

    The turn that it began with has no times and step 0.
    """
    return sum(turn.resumed_s is not None or turn.step > 0 for turn in turns)


def _split(history: History, number: int) -> Iterator[tuple[float, ...]]:
    """The turns of a paused trial, a row of `TurnTimes` each.

    A trial that goes on is stored as if it had started as much later as it was paused, see
    `transitions.start`. So the pauses that are known are taken off again.
    """
    turns = history.turns[number]
    pauses: list[tuple[float, float]] = []
    for turn in reversed(turns):
        if turn.paused_s is None or turn.resumed_s is None:
            break
        pauses.insert(0, (turn.paused_s, turn.resumed_s))
    start = float(history.started_s[number]) - math.fsum(b - a for a, b in pauses)
    n_unknown = count_pauses(turns) - len(pauses)
    for paused, resumed in pauses:
        yield number, start, paused, State.PAUSED, n_unknown
        start, n_unknown = resumed, 0
    yield number, start, float(history.finished_s[number]), history.state[number], n_unknown
