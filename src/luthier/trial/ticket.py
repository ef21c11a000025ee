"""Ticket of a trial: what any process needs to make the handle of a trial that was begun."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ..checkpoints.attachments import Attachments


class CheckpointKeeper(Protocol):
    """Place where a trial saves checkpoints, and finds those that it goes on from."""

    @property
    def attachments(self) -> Attachments:
        """Files that belong to trials."""

    def save(self, number: int, step: float, checkpoint: Any) -> dict[str, Any]:
        """Save a checkpoint, and return a reference to it."""

    def load(self, reference: dict[str, Any]) -> Any:
        """Return the checkpoint behind a reference; CheckpointError if it cannot be had."""

    def find_newest(
        self, number: int, lost: Mapping[str, Any], known: Collection[Mapping[str, Any]]
    ) -> Sequence[dict[str, Any]]:
        """Return references to a trial's files that its row does not know, the newest first."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that was begun, as it travels to where it runs.

    Attributes:
        number: The trial's, within its study.
        proposal: Proposed params, name to value.
        seed: The study's seed.
        token: Proves to the storage that the worker holds the trial.
        declared: Whether the space was declared, so that all params are in use from the start.
        objectives: Names of the values that are to be returned.
        keeper: Place of checkpoints; None where they cannot be reached.
        references: Checkpoints that the trial can go on from; the latest last.
        tags: Tags that it has already.
        fixed: Names of those proposed params that are to be used as they are, whatever the
            objective asks for: somebody has chosen them, or the trial has run with them before.
    """

    number: int
    proposal: Mapping[str, Any]
    seed: int = 0
    token: int = 1
    declared: bool = False
    objectives: tuple[str, ...] = ("value",)
    keeper: CheckpointKeeper | None = None
    references: Sequence[dict[str, Any]] = ()
    tags: dict[str, Any] = {}
    fixed: Collection[str] = ()

    @property
    def params(self) -> dict[str, Any]:
        """The params in use as far as is known where the trial was begun."""
        return dict(self.proposal) if self.declared else {}

    def find_unused(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the proposal if an objective did not use all of it as it was; else nothing.

        Args:
            params: What the objective used: all of a declared space, whether it asked or not.
        """
        proposal = self.proposal
        if all(n in params and params[n] == proposal[n] for n in proposal):
            return {}
        return dict(proposal)
