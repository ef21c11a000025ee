"""Notes of a trial: what its objective has left on the handle so far."""

from __future__ import annotations

from typing import Any

import msgspec

from ..space.distributions import Distribution
from .record import Decision


class TrialNotes(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a trial beside its value.

    Attributes:
        params: The params in use, name to value.
        suggested: The distributions that the objective asked for.
        tags: The tags that it set.
        cost: The cost that it noted.
        constraints: The constraints on its results that it noted.
        decision: The scheduler's last decision; STOP and PAUSE are final.
        remarks: What the user should know of its params and steps, topic to text.
        proposal: Proposed params, where the objective has not used them all; else empty.
        unasked: Names that the objective was given, and never asked for.
        is_asked: Whether the objective asked for a decision; None where nobody knows.
    """

    params: dict[str, Any] = {}
    suggested: dict[str, Distribution] = {}
    tags: dict[str, Any] = {}
    cost: float | None = None
    constraints: dict[str, float] = {}
    decision: Decision = Decision.CONTINUE
    remarks: dict[str, str] = {}
    proposal: dict[str, Any] = {}
    unasked: tuple[str, ...] = ()
    is_asked: bool | None = None
