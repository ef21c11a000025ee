"""What a study used: time, cost, energy, steps; and what stopping trials early has saved."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..errors import TooFewResultsError
from ..history.history import History
from ..history.resources import full_resource
from ..trial.record import State
from ..typing import Array, Index
from .arguments import takes_history
from .best_so_far import RowsOf, read_energy
from .turn_times import find_turn_times

_STATES = (State.COMPLETE, State.PRUNED, State.PAUSED, State.FAILED)


class Resources(NamedTuple):
    """What trials used, by the state that they have.

    What trials noted is added up; what they did not note is not made up, see `n_noted`. The saving
    of a trial that was stopped early is what it would have used from its last step to the full
    resource, at the rate of its own steps; for a trial that went on from the checkpoint of another,
    at the median rate of complete ones, as it did not train all of its steps itself.

    Attributes:
        states: (s,) COMPLETE, PRUNED, PAUSED and FAILED.
        kinds: (q,) "time" in seconds, "cost" in the user's unit, "energy" in kWh, "steps".
        n: (s,) number of trials.
        used: (s, q) what they used.
        n_noted: (s, q) number of trials that it is known of.
        saved: (q,) what early stopping has saved; NaN where nobody knows.
        full_resource: The step at which trials end; NaN where no complete trial has reported.
        wall_s: From the begin of the first trial to the end of the last, in seconds; NaN if
            unknown.
    """

    states: tuple[State, ...]
    kinds: tuple[str, ...]
    n: Index
    used: Array
    n_noted: Index
    saved: Array
    full_resource: float
    wall_s: float

    @property
    def saved_share(self) -> Array:
        """(q,) what was saved, as a share of what all would have used."""
        total = np.nan_to_num(self.used).sum(axis=0) + self.saved
        return np.where(total > 0, self.saved / np.where(total > 0, total, 1.0), np.nan)


@takes_history
def resources(history: History, rows_of: RowsOf | None = None) -> Resources:
    """Add up what a study used, and estimate what early stopping has saved.

    Args:
        history: All trials.
        rows_of: Reads rows, for the energy that trials noted in their tags.

    Raises:
        TooFewResultsError: No trial has had a turn.
    """
    state = history.state
    if not (state >= State.PAUSED).any():
        raise TooFewResultsError(f"no trial has had a turn yet ({history})")
    columns = {
        "time": history.duration_s,
        "cost": history.cost,
        "energy": read_energy(history, rows_of),
        "steps": np.where(history.last_step > 0, history.last_step, np.nan),
    }
    noted = np.column_stack(list(columns.values()))
    known = ~np.isnan(noted)
    of = [state == s for s in _STATES]
    end = full_resource(history)
    begun = find_turn_times(history).start_s
    ended = history.finished_s[~np.isnan(history.finished_s)]
    return Resources(
        states=_STATES,
        kinds=tuple(columns),
        n=np.array([int(mask.sum()) for mask in of]),
        used=np.array([np.where(known[mask], noted[mask], 0.0).sum(axis=0) for mask in of]),
        n_noted=np.array([known[mask].sum(axis=0) for mask in of]),
        saved=_estimate_saving(history, noted, end),
        full_resource=math.nan if end is None else end,
        wall_s=float(ended.max() - begun.min()) if len(begun) and len(ended) else math.nan,
    )


def _estimate_saving(history: History, noted: Array, end: float | None) -> Array:
    """Return what the missing steps of stopped trials would have used (q,)."""
    if end is None:
        return np.full(noted.shape[1], np.nan)
    state, step = history.state, history.last_step
    stopped = (state == State.PRUNED) | (state == State.PAUSED)
    stopped &= (step > 0) & (step < end)
    missing = np.where(stopped, end - step, 0.0)

    copied = np.zeros(history.n, dtype=bool)
    copied[[i for i, ts in history.turns.items() if any(t.source is not None for t in ts)]] = True
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = noted / step[:, None]
    rate[copied] = np.nan
    saved = np.zeros(noted.shape[1])
    for q in range(noted.shape[1]):
        usual = rate[(state == State.COMPLETE) & np.isfinite(rate[:, q]), q]
        typical = np.median(usual) if len(usual) else np.nan
        own = np.where(np.isfinite(rate[:, q]), rate[:, q], typical)
        saved[q] = (missing[stopped] * own[stopped]).sum()
    return saved
