"""The sampler contract: a function of the space and the history, nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..history.history import History
from ..space.space import MAX_ENUMERATED, Space
from ..typing import Array


class Sampler(ABC):
    """What to try next.

    A sampler holds its settings and at most a cache that can be rebuilt from the history: the same
    space, history and generator give the same answer, in this process or another.
    """

    @abstractmethod
    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Proposes n points.

        Args:
            space: What may be proposed; never empty.
            history: All trials so far, running ones too, under the same space.
            n: How many.
            rng: The only source of randomness, made from the study's seed and the trial's number.

        Returns:
            X (n, d) unit columns, feasible, NaN where inactive.

        Raises:
            SamplerError: This sampler cannot search this space or these objectives.
        """

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if not k.startswith("_"))
        return f"{type(self).__name__}({settings})"


def unseen(space: Space, history: History, X: Array, rng: np.random.Generator) -> Array:
    """Replaces points of a finite space that a trial already has, or that stand in X twice, by others.

    Continuous spaces, and finite ones of which every point has been seen, are left as they are.
    """
    if not space.finite or not len(X):
        return X
    X, taken = X.copy(), set[bytes]()
    for i in range(len(X)):
        for _ in range(20):
            if not history.seen(X[i : i + 1])[0] and space.keys(X[i : i + 1])[0] not in taken:
                break
            X[i] = space.sample(rng, 1)[0]
        else:
            left = remaining(space, history, taken)
            if not len(left):
                return X
            X[i] = left[rng.integers(len(left))]
        taken.update(space.keys(X[i : i + 1]))
    return X


def remaining(space: Space, history: History, taken: set[bytes] | None = None) -> Array:
    """(k, d) the points of a finite space that no trial has.

    None where there are too many points to list.
    """
    if space.n_points > MAX_ENUMERATED:
        return np.empty((0, space.d))
    grid = space.grid()
    fresh = ~history.seen(grid)
    if taken:
        fresh &= np.fromiter(
            (k not in taken for k in space.keys(grid)), dtype=bool, count=len(grid)
        )
    return grid[fresh]
