"""One trial: its stored record, the handle that an objective is given, and how it ended."""

from __future__ import annotations

from .handle import Trial
from .record import Decision, State, TrialRow, Turn

__all__ = ["Decision", "State", "Trial", "TrialRow", "Turn"]
