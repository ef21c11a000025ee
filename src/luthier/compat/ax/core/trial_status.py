"""States of a trial."""

from __future__ import annotations

import enum


class TrialStatus(enum.IntEnum):
    """State of a trial, with Ax's numbers."""

    CANDIDATE = 0
    STAGED = 1
    FAILED = 2
    COMPLETED = 3
    RUNNING = 4
    ABANDONED = 5
    DISPATCHED = 6
    EARLY_STOPPED = 7
    STALE = 8

    @property
    def is_terminal(self) -> bool:
        """Whether the trial is over."""
        return self.name in ("ABANDONED", "COMPLETED", "FAILED", "EARLY_STOPPED", "STALE")

    @property
    def is_completed(self) -> bool:
        """Whether it has its results."""
        return self is TrialStatus.COMPLETED

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self is TrialStatus.RUNNING

    @property
    def is_failed(self) -> bool:
        """Whether it failed."""
        return self is TrialStatus.FAILED

    @property
    def is_abandoned(self) -> bool:
        """Whether it was given up."""
        return self is TrialStatus.ABANDONED

    @property
    def is_early_stopped(self) -> bool:
        """Whether it was stopped early."""
        return self is TrialStatus.EARLY_STOPPED

    @property
    def is_candidate(self) -> bool:
        """Whether it waits."""
        return self is TrialStatus.CANDIDATE

    @property
    def is_deployed(self) -> bool:
        """Whether it has begun."""
        return self.name not in ("CANDIDATE", "STAGED")

    def __repr__(self) -> str:
        return f"<enum 'TrialStatus.{self.name}'>"
