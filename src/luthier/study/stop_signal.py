"""Whether, and why, a run of trials begins no further one."""

from __future__ import annotations


class StopSignal:
    """Whether, and why, a run begins no further trial.

    Attributes:
        requested: Whether it was asked for.
        reason: The stop rule's reason in words; None when no rule asked for it.
    """

    def __init__(self) -> None:
        self.requested = False
        self.reason: str | None = None

    def request(self, reason: str | None = None) -> None:
        """Ask for a stop."""
        self.requested = True
        self.reason = reason or self.reason

    def withdraw(self) -> None:
        """Take an earlier request back."""
        self.requested = False
