"""Resources: how far trials were trained, in steps."""

from __future__ import annotations

import numpy as np

from ..numerics.halving import first_rows
from ..trial.record import State
from ..typing import Array, Mask
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
