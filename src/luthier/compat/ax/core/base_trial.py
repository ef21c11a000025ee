"""A trial, and its state."""

from __future__ import annotations

from .trial import BaseTrial
from .trial_status import TrialStatus

__all__ = ["BaseTrial", "TrialStatus"]
