"""One trial: its stored record, the handle that an objective is given, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import attach
from .batch import TrialBatch
from .handle import Trial
from .record import Decision, State, TrialRow, Turn

__all__ = ["Decision", "State", "Trial", "TrialBatch", "TrialRow", "Turn"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__)
