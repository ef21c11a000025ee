"""Resources: how far trials were trained, in steps."""

from __future__ import annotations

import numpy as np

from ..numerics.halving import first_rows
from ..trial.record import State
from ..typing import Array, Index, Mask
from .history import History


def full_resource(history: History) -> float | None:
    """Return how far a trial is trained in full: the largest last step of complete trials.

    None where no complete trial has reported.
    """
    last_step = history.last_step
    complete = (history.state == State.COMPLETE) & (last_step > 0)
    return float(last_step[complete].max()) if complete.any() else None


def is_partial(history: History) -> bool:
    """Whether some trials were trained only in part, so that their losses mean less.

    Not so those that were stopped among folds: their reports are no learning curves.
    """
    state = history.state
    partial = history.has_result & (state != State.COMPLETE) & (state != State.FAILED)
    return bool((partial & (history.last_step > 0) & (history.n_folds == 0)).any())


def first_resource(history: History) -> float | None:
    """Return the last step of the trial that completed first; None where none has reported.

    Unlike `full_resource` it never changes once it is known. Trials of which nobody knows when they
    ended count by number, after the others.
    """
    last_step = history.last_step
    complete = (history.state == State.COMPLETE) & ~history.confirming & ~np.isnan(last_step)
    at = np.flatnonzero(complete)
    if not len(at):
        return None
    first = np.argmin(np.nan_to_num(history.finished_s[at], nan=np.inf))
    return float(last_step[at[first]])


def losses_at(history: History, step: float) -> tuple[Array, Mask]:
    """Return the losses of trials at a step, and which trials have reported there or beyond.

    A trial counts with its first report at or beyond the step. A complete trial without one counts
    with its value, any other with NaN.

    Returns:
        The losses (n,) and the mask (n,).
    """
    row = first_rows(history.report_number, history.report_step, history.n, step)
    reported = row >= 0
    loss = np.where(history.state == State.COMPLETE, history.losses[:, 0], np.nan)
    loss[reported] = history.report_loss[row[reported]]
    return loss, reported


def rank_at_highest_step(history: History, n_min: int) -> tuple[Index, Array]:
    """Return the trials to model and their losses at one step, the best first.

    The step is the highest at which a trial rests and that at least n_min trials have reached.
    Trials that violate a constraint come last, by how far they violate it, with an infinite loss.

    Returns:
        Numbers (k,) and losses (k,). Both are empty where there is no such step.
    """
    state = history.state
    last_step = history.last_step
    counts = history.fits & history.has_result & (state != State.FAILED)
    complete = counts & (state == State.COMPLETE)  # these count at every step
    reported = counts & ~np.isnan(last_step)

    resting = np.unique(last_step[reported & (state >= State.PAUSED)])[::-1]
    reached = np.sort(np.where(complete, np.inf, last_step)[complete | reported])
    n_there = len(reached) - np.searchsorted(reached, resting)
    enough = resting[n_there >= n_min]
    step = float(enough[0]) if len(enough) else np.inf

    loss, has_reached = losses_at(history, step)
    numbers = np.flatnonzero(complete | (counts & has_reached))
    if len(numbers) < n_min:
        return numbers[:0], loss[:0]
    violation = history.violation[numbers] if history.constraint_names else np.zeros(len(numbers))
    loss = np.where(np.isnan(loss[numbers]) | (violation > 0), np.inf, loss[numbers])
    order = np.lexsort((loss, violation))
    return numbers[order], loss[order]
