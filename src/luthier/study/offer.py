"""Offer: the params that one free worker would begin a trial with, while others begin theirs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..history.history import History
from ..samplers.base import Sampler
from ..space.space import Space
from .proposals import Proposals

_MADE_AT_LEAST = 3  # times, with all trials in sight, as long as others are quicker
_ALIKE = 0.01  # how far apart two points are in the unit columns that should not both be run


class Offer:
    """The params that a free worker offers for the study's next trial.

    An offer is lost where another worker begins a trial first. Then params are proposed again with
    that trial in sight; but only a few times, after which those that nobody else has begun stay
    good. So a slow sampler comes to its turn beside quick workers, and no point is begun twice.

    Args:
        proposals: Params for new trials.
        history: The study's trials, kept up to date by the caller.
        sampler: What to try next.

    Attributes:
        tags: Of a trial that begins with the params offered last.
    """

    def __init__(self, proposals: Proposals, history: History, sampler: Sampler) -> None:
        self._proposals = proposals
        self._history = history
        self._sampler = sampler
        self._params: dict[str, Any] = {}
        self.tags: dict[str, Any] = {}
        self._space: Space | None = None  # of the last proposal
        self._n_made = 0
        self._n_in_sight = 0  # trials as of the last call

    def params(self) -> dict[str, Any]:
        """Return the params for the trial whose number is the number of trials in sight."""
        number = self._history.n
        if self._n_made < _MADE_AT_LEAST or self._is_taken():
            self._space = self._proposals.space
            self._params = self._proposals.propose(self._sampler, self._space, number, self._n_made)
            self.tags = self._proposals.tags
            self._n_made += 1
        self._n_in_sight = number
        return self._params

    def _is_taken(self) -> bool:
        """Whether a trial that was begun since the last call has params like the offered ones."""
        space = self._proposals.space
        if space is not self._space:
            return True
        x = space.encode(self._params)
        X = self._history.X[self._n_in_sight :]
        alike = (np.abs(X - x) < _ALIKE) | (np.isnan(X) & np.isnan(x))
        return bool(alike.all(axis=1).any())
