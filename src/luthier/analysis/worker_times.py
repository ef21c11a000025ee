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

_MAX_BARS = 5_000
_N_SLOTS = 500
_LEAST_PAUSE_S = 60.0
_LEAST_PAUSE_TRIALS = 10
_STATES = (State.RUNNING, State.PAUSED, State.COMPLETE, State.PRUNED, State.FAILED)


class Timeline(NamedTuple):
    """Trials as bars on lanes, one lane for each that ran at the same time.

    Times are in seconds since the first trial began. A bar goes from when a trial was first begun
    to its end; where it was paused meanwhile, the pauses are within it. A trial that is not over
    goes on to the end of the timeline.

    Attributes:
        began_s: When the first trial began, in seconds since 1970.
        number: (k,) numbers of the trials, by their begin; the latest 5,000.
        start_s: (k,) begin.
        end_s: (k,) end.
        state: (k,) a `State` each.
        n_pauses: (k,) how often it went on after a pause.
        lane: (k,) where it is drawn, from 0.
        worker: (k,) who ran it last; "" where nobody knows.
        n: How many trials have a begin.
        n_waiting: How many wait to be run.
        slot_s: (t + 1,) edges of equal slots of time.
        states: The states of the columns of `load`.
        load: (t, s) mean number of trials in each slot that were under way, by the state that they
            have now; of all n.
        pauses: (p, 2) begin and end of the pauses of the study; see `find_pauses`.
        idle_share: Share of the time of all lanes, without these pauses, in which nothing ran.
    """

    began_s: float
    number: Index
    start_s: Array
    end_s: Array
    state: NDArray[np.int8]
    n_pauses: Index
    lane: Index
    worker: tuple[str, ...]
    n: int
    n_waiting: int
    slot_s: Array
    states: tuple[State, ...]
    load: Array
    pauses: Array
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
    number = np.flatnonzero(~np.isnan(history.started_s))
    if not len(number):
        raise TooFewResultsError(
            f"no trial has a time at which it began ({history}): run one; trials that are added "
            "as they are may have none"
        )
    number = number[np.argsort(history.started_s[number], kind="stable")]
    began = float(history.started_s[number[0]])
    start = history.started_s[number] - began
    end = history.finished_s[number] - began
    last = float(max(start.max(), np.nanmax(end, initial=0.0)))
    end = np.maximum(np.where(np.isnan(end), last, end), start)

    lane = _assign_lanes(start, end)
    state = history.state[number]
    slot_s = np.linspace(0.0, last or 1.0, _N_SLOTS + 1)
    load = np.column_stack(
        [_mean_load(start[state == s], end[state == s], slot_s) for s in _STATES]
    )
    pauses = find_pauses(start, end)
    room = (int(lane.max()) + 1) * (last - float(np.diff(pauses).sum()))
    idle = 1 - math.fsum(end - start) / room if room > 0 else 0.0

    shown = slice(max(len(number) - _MAX_BARS, 0), None)
    bars = number[shown]
    workers = ("",) * len(bars)
    if rows_of is not None:
        workers = tuple(row.worker for row in rows_of(bars.tolist()))
    return Timeline(
        began_s=began,
        number=bars,
        start_s=start[shown],
        end_s=end[shown],
        state=state[shown],
        n_pauses=np.array([_count_pauses(history, i) for i in bars.tolist()], dtype=np.int64),
        lane=lane[shown],
        worker=workers,
        n=len(number),
        n_waiting=len(history.waiting),
        slot_s=slot_s,
        states=_STATES,
        load=load,
        pauses=pauses,
        idle_share=max(idle, 0.0),
    )


def find_pauses(start: Array, end: Array) -> Array:
    """Return begin and end (p, 2) of the times in which a study rested.

    That is where no trial ran for a minute and for ten times as long as a trial takes.

    Args:
        start: (n,) when trials began.
        end: (n,) when they ended, at `start` or later.
    """
    order = np.argsort(start, kind="stable")
    last_end = np.maximum.accumulate(end[order])[:-1]
    begins = start[order][1:]
    least = max(_LEAST_PAUSE_S, _LEAST_PAUSE_TRIALS * float(np.median(end - start)))
    rests = begins - last_end > least
    return np.column_stack([last_end[rests], begins[rests]])


def count_lanes(start: Array, end: Array) -> int:
    """Return how many trials ran at the same time at most."""
    return int(_assign_lanes(*_by_begin(start, end)).max(initial=-1)) + 1


def _by_begin(start: Array, end: Array) -> tuple[Array, Array]:
    order = np.argsort(start, kind="stable")
    return start[order], end[order]


def _count_pauses(history: History, number: int) -> int:
    """How often a trial went on after a pause; a turn at step 0 is its begin."""
    return sum(turn.step > 0 for turn in history.turns.get(number, ()))


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
