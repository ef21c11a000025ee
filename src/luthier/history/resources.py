"""Extent: how far trials were trained."""

from __future__ import annotations

import numpy as np

from ..numerics.halving import first_rows
from ..trial.record import State
from ..typing import Array, Mask
from .history import History


def full_resource(history: History) -> float | None:
    """How far a trial is trained that is trained to its end: the furthest that any was.

    None while none was.
    """
    done = (history.state == State.COMPLETE) & (history.last_step > 0)
    return float(history.last_step[done].max()) if done.any() else None


def is_partial(history: History) -> bool:
    """Whether some trials were not trained to their end, so that their losses mean less than the others'."""
    stopped = (
        history.has_result & (history.state != State.COMPLETE) & (history.state != State.FAILED)
    )
    return bool((stopped & (history.last_step > 0)).any())


def first_resource(history: History) -> float | None:
    """The last step of the trial that was the first to complete; None while none has that reported.

    Unlike `full_resource` it never changes once it is known. Where nobody knows when trials ended,
    their number decides.
    """
    at = np.flatnonzero(
        (history.state == State.COMPLETE) & ~history.confirming & ~np.isnan(history.last_step)
    )
    if not len(at):
        return None
    return float(
        history.last_step[at[np.argmin(np.nan_to_num(history.finished_s[at], nan=np.inf))]]
    )


def losses_at(history: History, step: float) -> tuple[Array, Mask]:
    """(n,) the loss with which each trial counts at a step.

    And which trials have reported there or beyond.

    That is its first report there; a complete trial without one counts with its value, any other
    with NaN.
    """
    row = first_rows(history.report_number, history.report_step, history.n, step)
    there = row >= 0
    loss = np.where(history.state == State.COMPLETE, history.losses[:, 0], np.nan)
    loss[there] = history.report_loss[row[there]]
    return loss, there
