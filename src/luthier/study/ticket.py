"""The ticket of a trial: what any process needs to make the handle of a trial that was begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..space.space import Space
from ..trial.handle import Keeper, Link, Trial


class Ticket(NamedTuple):
    """A trial that was begun, as it travels to where it runs.

    Attributes:
        number: The trial's.
        proposal: Proposed params, name to value.
        seed: The study's seed.
        keeper: Saves and loads checkpoints.
        references: The checkpoints that it can go on from; the latest last.
        token: Proves to the storage that the worker holds the trial.
        declared: Whether the space was declared.
        objectives: Names of what is to be returned.
        tags: Tags that it has already.
    """

    number: int
    proposal: Mapping[str, Any]
    seed: int
    keeper: Keeper
    references: Sequence[dict[str, Any]]
    token: int
    declared: bool
    objectives: tuple[str, ...]
    tags: dict[str, Any]

    @property
    def params(self) -> dict[str, Any]:
        """The params in use as far as is known where the trial was begun."""
        return dict(self.proposal) if self.declared else {}


def make_trial(ticket: Ticket, space: Space, link: Link) -> Trial:
    """Make the handle of a trial, wherever it runs.

    Args:
        ticket: The trial.
        space: The study's space.
        link: The trial's way to its study.
    """
    trial = Trial(
        ticket.number,
        ticket.proposal,
        space,
        ticket.seed,
        link,
        ticket.keeper,
        ticket.references,
        ticket.token,
        ticket.declared,
        ticket.objectives,
    )
    trial.tags = dict(ticket.tags)
    return trial
