"""The path at which SMAC's users find the states of a trial."""

from __future__ import annotations

from ..runhistory.enumerations import StatusType

__all__ = ["StatusType"]
