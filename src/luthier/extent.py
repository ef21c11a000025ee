"""Extent: how far trials were trained."""

from __future__ import annotations

from .history import History
from .trial import State


def full_resource(history: History) -> float | None:
    """How far a trial is trained that is trained to its end: the furthest that any was; None while none was."""
    done = (history.state == State.COMPLETE) & (history.last_step > 0)
    return float(history.last_step[done].max()) if done.any() else None


def is_partial(history: History) -> bool:
    """Whether some trials were not trained to their end, so that their losses mean less than the others'."""
    stopped = history.has_result & (history.state != State.COMPLETE) & (history.state != State.FAILED)
    return bool((stopped & (history.last_step > 0)).any())
