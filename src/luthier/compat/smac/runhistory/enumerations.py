"""States of a trial."""

from __future__ import annotations

from enum import IntEnum


class StatusType(IntEnum):
    """State of a trial, with SMAC's numbers."""

    RUNNING = 0
    SUCCESS = 1
    CRASHED = 2
    TIMEOUT = 3
    MEMORYOUT = 4
