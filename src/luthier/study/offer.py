"""Offer: the params that one free worker would begin trials with, while others begin theirs."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..samplers.base import Sampler
from ..space.space import Space
from .proposals import Proposals, Proposed

_MADE_AT_LEAST = 3  # times, with all trials in sight, as long as others are quicker
_ALIKE = 0.01  # how far apart two points are in the unit columns that should not both be run


class Offer:
    """The params that a free worker offers for the study's next trials.

    An offer is lost where another worker begins a trial first. Then params are proposed again with
    that trial in sight; but only a few times, after which those that nobody else has begun stay
    good. So a slow sampler comes to its turn beside quick workers, and no point is begun twice.

    Args:
        proposals: Params for new trials.
        history: The study's trials, kept up to date by the caller.
        sampler: What to try next.
    """

    def __init__(self, proposals: Proposals, history: History, sampler: Sampler) -> None:
        self._proposals = proposals
        self._history = history
        self._sampler = sampler
        self._left: list[Proposed] = []  # that were offered, and not taken
        self._space: Space | None = None  # of the last proposal
        self._n_made = 0
        self._n_in_sight = 0  # trials that the offer knows: as of the last call, and its own

    def proposed(self, n: int) -> list[Proposed]:
        """Return params and tags for the n trials that follow those in sight; for at least one."""
        number = self._history.n
        is_lost = number > self._n_in_sight
        if not self._left or (is_lost and (self._n_made < _MADE_AT_LEAST or self._is_taken())):
            space = self._proposals.space
            self._space = space
            self._left = self._proposals.propose(self._sampler, space, number, self._n_made, n)
            self._n_made += 1
        self._n_in_sight = number
        return self._left[:n]

    def take(self, n: int) -> None:
        """Offer the first n no more: their trials have begun."""
        self._left = self._left[n:]
        self._n_in_sight += n
        self._n_made = 0

    def _is_taken(self) -> bool:
        """Whether a trial that was begun since the last call has params like some offered ones."""
        space = self._proposals.space
        if space is not self._space:
            return True
        offered = space.encode([params for params, _ in self._left])[:, None]
        X = self._history.X[self._n_in_sight :]
        alike = (np.abs(X - offered) < _ALIKE) | (np.isnan(X) & np.isnan(offered))
        return bool(alike.all(axis=2).any())
