"""The trials of a search."""

from __future__ import annotations

from .dataclasses import (
    InstanceSeedBudgetKey,
    InstanceSeedKey,
    TrialInfo,
    TrialKey,
    TrialValue,
)
from .enumerations import StatusType
from .runhistory import RunHistory

__all__ = [
    "InstanceSeedBudgetKey",
    "InstanceSeedKey",
    "RunHistory",
    "StatusType",
    "TrialInfo",
    "TrialKey",
    "TrialValue",
]
