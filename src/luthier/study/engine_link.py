"""A trial's way to its study in the same process."""

from __future__ import annotations

from typing import Any, Protocol

from ..trial.record import Decision, ReportValue


class Verbs(Protocol):
    """The verbs that a running trial uses, of an engine or of a batch; see `Engine`."""

    def report(
        self,
        number: int,
        token: int,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        """Store an intermediate value."""

    def decide(self, number: int, window: int | None = None) -> Decision:
        """Ask the scheduler about a trial that has reported."""


class EngineLink:
    """A trial's way to its study in the same process.

    Args:
        engine: The study's, or a batch's.
        number: The trial's.
        token: Proves that the worker holds it.
        window: See `Engine.decide`.
    """

    __slots__ = ("engine", "number", "token", "window")

    def __init__(self, engine: Verbs, number: int, token: int, window: int | None = None) -> None:
        self.engine = engine
        self.number = number
        self.token = token
        self.window = window

    def report(
        self,
        step: float,
        value: ReportValue,
        reference: dict[str, Any] | None,
        params: dict[str, Any],
    ) -> None:
        """Store an intermediate value."""
        self.engine.report(self.number, self.token, step, value, reference, params)

    def decide(self) -> Decision:
        """Ask the scheduler."""
        return self.engine.decide(self.number, self.window)
