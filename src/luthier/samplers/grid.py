"""Grid search: every point of a finite space, once."""

from __future__ import annotations

import numpy as np

from ..errors import SpaceExhaustedError
from ..history.history import History
from ..space.space import Space
from ..typing import Array
from .base import Sampler

_BLOCK = 256


class Grid(Sampler):
    """Every feasible point of a finite space in order, the last parameter moving fastest.

    Goes on where it stopped.

    A point counts as done as soon as any trial has it, whatever became of that trial.
    """

    def __init__(self) -> None:
        self._at: tuple[Space | None, int, int] = (
            None,
            0,
            0,
        )  # space, trials and first open point of the last call

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """The next n points.

        Raises:
            SpaceError: A parameter is continuous, or there are more than a million points.
            SpaceExhaustedError: Every point has had its trial.
        """
        grid, (known, trials, start) = space.grid(), self._at
        if known is not space or trials > history.n:
            start = 0
        found: list[Array] = []
        first = None
        for i in range(start, len(grid), _BLOCK):
            block = grid[i : i + _BLOCK]
            fresh = np.flatnonzero(~history.seen(block))
            if len(fresh) and first is None:
                first = i + int(fresh[0])
            found.append(block[fresh])
            if sum(map(len, found)) >= n:
                break
        self._at = (space, history.n, len(grid) if first is None else first)
        X = np.concatenate(found) if found else grid[:0]
        if not len(X):
            raise SpaceExhaustedError(f"all {len(grid)} points of the grid have had their trial")
        return X[:n].copy()
