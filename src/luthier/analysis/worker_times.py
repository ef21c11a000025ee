"""Who ran what when: trials on lanes of time, and how busy the workers were."""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import TooFewResultsError
from ..history.history import History
from ..trial.record import State
from ..typing import Array, Index
from .arguments import takes_history
from .best_so_far import RowsOf
from .turn_times import find_turn_times

_MAX_BARS = 5_000
_N_SLOTS = 500
_LEAST_REST_S = 60.0
_LEAST_REST_TRIALS = 10
_STATES = (State.RUNNING, State.PAUSED, State.COMPLETE, State.PRUNED, State.FAILED)


class Timeline(NamedTuple):
    """Turns of trials as bars on lanes, one lane for each trial that ran at the same time.

    Times are in seconds since the first trial began. A bar is a trial, from its begin to its end;
    one that was paused has a bar for each of its turns. What is not over goes on to the end of the
    timeline.

    Attributes:
        began_s: When the first trial began, in seconds since 1970.
        number: (k,) numbers of the trials, by the begin of the bars; the latest 5,000 bars.
        start_s: (k,) begin.
        end_s: (k,) end.
        state: (k,) a `State` each: PAUSED where the trial was paused then, else the one it has.
        n_unknown: (k,) pauses that are left out, as their times were not stored. Such a bar is as
            long as the turns together, and ends with the last of them.
        lane: (k,) where it is drawn, from 0.
        worker: (k,) who ran it; "" where nobody knows, as of the turns before a pause.
        pauses: (p, 2) the bars before and after each pause of a trial.
        n: How many bars there are in all.
        n_waiting: How many trials wait to be run.
        slot_s: (t + 1,) edges of equal slots of time.
        states: The states of the columns of `load`.
        load: (t, s) mean number of trials in each slot that ran, by the state of the bars; of all
            n.
        rests: (r, 2) begin and end of the times in which the study rested; see `find_rests`.
        idle_share: Share of the time of all lanes, without these rests, in which nothing ran.
    """

    began_s: float
    number: Index
    start_s: Array
    end_s: Array
    state: NDArray[np.int8]
    n_unknown: Index
    lane: Index
    worker: tuple[str, ...]
    pauses: Index
    n: int
    n_waiting: int
    slot_s: Array
    states: tuple[State, ...]
    load: Array
    rests: Array
    idle_share: float


@takes_history
def timeline(history: History, rows_of: RowsOf | None = None) -> Timeline:
    """Return when each trial ran, and how busy the workers were.

    Args:
        history: All trials.
        rows_of: Reads rows, for the names of the workers.

    Raises:
        TooFewResultsError: No trial has a time at which it began.
    """
    turns = find_turn_times(history)
    if not len(turns.number):
        raise TooFewResultsError(
            f"no trial has a time at which it began ({history}): run one; trials that are added "
            "as they are may have none"
        )
    began = float(turns.start_s[0])
    start, end = turns.start_s - began, turns.end_s - began
    last = float(max(start.max(), np.nanmax(end, initial=0.0)))
    end = np.maximum(np.where(np.isnan(end), last, end), start)

    lane = _assign_lanes(start, end)
    slot_s = np.linspace(0.0, last or 1.0, _N_SLOTS + 1)
    load = np.column_stack(
        [_mean_load(start[turns.state == s], end[turns.state == s], slot_s) for s in _STATES]
    )
    rests = find_rests(start, end)
    room = (int(lane.max()) + 1) * (last - float(np.diff(rests).sum()))
    idle = 1 - math.fsum(end - start) / room if room > 0 else 0.0

    shown = slice(max(len(start) - _MAX_BARS, 0), None)
    number = turns.number[shown]
    pauses = _find_pauses(number)
    return Timeline(
        began_s=began,
        number=number,
        start_s=start[shown],
        end_s=end[shown],
        state=turns.state[shown],
        n_unknown=turns.n_unknown[shown],
        lane=lane[shown],
        worker=_read_workers(number, pauses[:, 0], rows_of),
        pauses=pauses,
        n=len(start),
        n_waiting=len(history.waiting),
        slot_s=slot_s,
        states=_STATES,
        load=load,
        rests=rests,
        idle_share=max(idle, 0.0),
    )


def _find_pauses(number: Index) -> Index:
    """The bars (p, 2) before and after each pause: of the same trial, one after the other."""
    by_trial = np.argsort(number, kind="stable")
    same = np.flatnonzero(np.diff(number[by_trial]) == 0)
    return np.column_stack([by_trial[same], by_trial[same + 1]])


def _read_workers(number: Index, paused: Index, rows_of: RowsOf | None) -> tuple[str, ...]:
    """Who ran each bar: a row names the worker of the last turn."""
    if rows_of is None:
        return ("",) * len(number)
    trials = np.unique(number).tolist()
    worker = {i: row.worker for i, row in zip(trials, rows_of(trials), strict=True)}
    before = set(paused.tolist())
    return tuple("" if i in before else worker[n] for i, n in enumerate(number.tolist()))


def find_rests(start: Array, end: Array) -> Array:
    """Return begin and end (r, 2) of the times in which a study rested.

    That is where no trial ran for a minute and for ten times as long as a trial takes.

    Args:
        start: (n,) when trials began.
        end: (n,) when they ended, at `start` or later.
    """
    order = np.argsort(start, kind="stable")
    last_end = np.maximum.accumulate(end[order])[:-1]
    begins = start[order][1:]
    least = max(_LEAST_REST_S, _LEAST_REST_TRIALS * float(np.median(end - start)))
    rests = begins - last_end > least
    return np.column_stack([last_end[rests], begins[rests]])


def count_lanes(start: Array, end: Array) -> int:
    """Return how many trials ran at the same time at most."""
    return int(_assign_lanes(*_by_begin(start, end)).max(initial=-1)) + 1


def _by_begin(start: Array, end: Array) -> tuple[Array, Array]:
    order = np.argsort(start, kind="stable")
    return start[order], end[order]


def _assign_lanes(start: Array, end: Array) -> Index:
    """Return the lane (n,) of each bar, by begin: the lowest on which nothing is under way."""
    lanes = np.empty(len(start), dtype=np.int64)
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    n_lanes = 0
    for i, (a, b) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        while busy and busy[0][0] <= a:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lane = heapq.heappop(free)
        else:
            lane = n_lanes
            n_lanes += 1
        lanes[i] = lane
        heapq.heappush(busy, (b, lane))
    return lanes


def _mean_load(start: Array, end: Array, edges: Array) -> Array:
    """Return the mean number (t,) of bars under way in each slot of time.

    The time that bars have spent by an edge is a sum over those that had begun, less one over those
    that had ended.
    """

    def spent_by(times: Array) -> Array:
        times = np.sort(times)
        total = np.concatenate([[0.0], np.cumsum(times)])
        n = np.searchsorted(times, edges, side="right")
        return np.asarray(n * edges - total[n])

    used = np.diff(spent_by(start) - spent_by(end))
    return np.asarray(np.maximum(used, 0.0) / np.diff(edges))
