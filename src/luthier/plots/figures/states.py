"""Colours of the states of trials."""

from __future__ import annotations

from ...trial.record import State
from ..figure import Colour

STATE_COLOURS: dict[State, Colour] = {
    State.COMPLETE: "blue",
    State.PRUNED: "orange",
    State.FAILED: "red",
    State.PAUSED: "purple",
    State.RUNNING: "green",
}
