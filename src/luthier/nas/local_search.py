"""Local search: from a good architecture to a better neighbour, until there is none."""

from __future__ import annotations

import numpy as np

from ..history.history import History
from ..samplers.base import Sampler, replace_seen
from ..samplers.ranking import rank_trials
from ..samplers.startup import sample_startup
from ..space.space import Space
from ..typing import Array, Index
from ..validation import check_whole

_STEPS = (-0.2, -0.05, 0.05, 0.2)  # of numbers with many values, on the unit interval
_FEW = 16  # values of a number that moves to the next one


class LocalSearch(Sampler):
    """Local search: tries the neighbours of the best point, and moves on to the first better one.

    Neighbours differ in one parameter. Where all neighbours have been tried and none is better, the
    search begins again at a random point. Where it stands is read off the history, so workers share
    one search. Parameters that a change switches on have their default, or their middle.

    When to use: for architectures where a model of the results is not wanted, at up to some hundred
    trials; it is the simplest method that is hard to beat.

    Args:
        n_startup_trials: Finished quasi-random trials, the best of which is the first start; at
            least 1.

    Raises:
        ValueError: n_startup_trials is out of range.

    Source: White 2020 (arXiv 2005.02960), with the first better neighbour. Deviation: numbers with
    many values have four neighbours.
    """

    def __init__(self, n_startup_trials: int = 10) -> None:
        check_whole("n_startup_trials", n_startup_trials, least=1)
        self.n_startup_trials = n_startup_trials

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        order, n_finished = rank_trials(history)
        if n_finished < self.n_startup_trials:
            return sample_startup(space, history, n, rng)

        x = self._find_centre(space, history, order[:n_finished])
        X = np.empty((0, space.d))
        if x is not None:
            near = neighbours(space, x)
            tried = set(space.keys(history.X))
            left = [i for i, key in enumerate(space.keys(near)) if key not in tried]
            X = near[rng.permutation(left)[:n]] if left else X
        X = np.concatenate([X, space.sample(rng, n - len(X))])
        return replace_seen(space, history, X, rng)

    def _find_centre(self, space: Space, history: History, best_first: Index) -> Array | None:
        """Return the point (1, d) where the search stands; None where it begins again."""
        rank = np.full(history.n, history.n)
        rank[best_first] = np.arange(len(best_first))
        finished = np.sort(best_first)
        first = finished[: self.n_startup_trials]
        keys = space.keys(history.X)
        tried = {keys[i] for i in first}

        start = int(first[np.argmin(rank[first])])
        centre: int | None = start
        near, left = self._look_around(space, history.X[[start]], tried)
        for i in finished[self.n_startup_trials :]:
            tried.add(keys[i])
            left.discard(keys[i])
            if centre is None or (rank[i] < rank[centre] and keys[i] in near):
                centre = int(i)
                near, left = self._look_around(space, history.X[[i]], tried)
            if not left:
                centre = None
        return None if centre is None or not left else history.X[[centre]]

    def _look_around(
        self, space: Space, x: Array, tried: set[bytes]
    ) -> tuple[set[bytes], set[bytes]]:
        """Return the keys of the neighbours of a point (1, d), and of those that are left."""
        near = set(space.keys(neighbours(space, x)))
        return near, near - tried


def neighbours(space: Space, x: Array) -> Array:
    """Return the feasible points (k, d) that differ from one (1, d) in one parameter.

    Numbers with up to 16 values move to the next value, others by 0.05 or 0.2 of their range.
    """
    found = []
    for j, p in enumerate(space.dists):
        if np.isnan(x[0, j]) or p.n_values == 1:
            continue
        k = p.n_values or 0
        if j in space.unordered:
            values = np.delete(np.arange(float(k)), int(x[0, j]))
        elif 0 < k <= _FEW:
            values = x[0, j] + np.array([-1.0, 1.0]) / k
        else:
            values = x[0, j] + np.array(_STEPS)
        if j not in space.unordered:
            values = values[(values >= 0) & (values <= 1)]
        moved = np.repeat(x, len(values), axis=0)
        moved[:, j] = values
        found.append(moved)
    if not found:
        return x[:0]
    X = np.concatenate(found)
    X = space.settle(np.where(np.isnan(X), space.start(), X))
    X = X[space.feasible(X)]
    own = space.keys(x)[0]
    return X[[key != own for key in space.keys(X)]]
