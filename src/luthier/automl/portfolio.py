"""The order of first trials: what is expected to gain most in a second comes first.

Rows of a portfolio are known to be good on average over many data sets. Here they meet one: how
long fits of each learner take is measured as they run, and a learner that falls behind loses its
turn.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .joint_space import LEARNER
from .learners import Learner

_FADE = 0.65  # by which each further row of a learner is expected to gain less
_LEAST = 0.08  # gain below which a row is left to the sampler
_OVERHEAD_S = 0.05  # of a fit, beside its training
_PATIENCE = 0.7  # how fast a learner that is behind loses its turn


class Portfolio:
    """First rows of a space, in the order that pays most.

    Args:
        rows: Params, for each learner its best rows first.
        learners: By name.
        n_rows: How many rows a fit is trained on.
        n_columns: How many columns there are.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        learners: Mapping[str, Learner],
        n_rows: int,
        n_columns: int,
    ) -> None:
        self._left: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            if row.get(LEARNER) in learners:
                self._left[row[LEARNER]].append(dict(row))
        self._learners = learners
        self._cost = {name: one.estimate_s(n_rows, n_columns) for name, one in learners.items()}
        self._measured: dict[str, list[float]] = defaultdict(list)
        self._n_taken: dict[str, int] = defaultdict(int)
        self._best: dict[str, float] = {}

    def expect_s(self, name: str) -> float:
        """Return how many seconds a fit of a learner is expected to take."""
        measured = self._measured[name]
        return float(np.median(measured[-7:])) if measured else self._cost[name]

    def note_fit(self, name: str, seconds: float) -> None:
        """Note how long a fit on all rows took."""
        self._measured[name].append(seconds)

    def note_loss(self, name: str, loss: float) -> None:
        """Note the loss of a trial."""
        if math.isfinite(loss):
            self._best[name] = min(loss, self._best.get(name, math.inf))

    def note_failure(self, name: str) -> None:
        """Note that a fit failed or was ended: the learner's further rows are left out."""
        self._left[name].clear()

    def forget(self, params: Mapping[str, Any]) -> None:
        """Leave out a row that was run before."""
        rows = self._left[params[LEARNER]]
        if dict(params) in rows:
            rows.remove(dict(params))
            self._n_taken[params[LEARNER]] += 1

    def take(self, longest_s: float = math.inf) -> dict[str, Any] | None:
        """Return the row to run next, and take it out; None where the sampler is to choose.

        Args:
            longest_s: The most seconds that its fit may take.
        """
        expected = {
            name: self._gain(name) / (self.expect_s(name) + _OVERHEAD_S)
            for name, rows in self._left.items()
            if rows and self._gain(name) >= _LEAST and self.expect_s(name) <= longest_s
        }
        if not expected:
            return None
        name = max(expected, key=lambda one: expected[one])
        self._n_taken[name] += 1
        return self._left[name].pop(0)

    def _gain(self, name: str) -> float:
        """Return what the next row of a learner is expected to gain, from 0 to 1."""
        prior = self._learners[name].gain * _FADE ** self._n_taken[name]
        if name not in self._best or len(self._best) < 2:
            return float(prior)
        best = min(self._best.values())
        spread = max(float(np.median(list(self._best.values()))) - best, 1e-12)
        return float(prior * math.exp(-_PATIENCE * (self._best[name] - best) / spread))
