"""Grid search: every point of a finite space, once."""

from __future__ import annotations

import numpy as np

from ..errors import SpaceExhaustedError
from ..history.history import History
from ..space.space import Space
from ..typing import Array
from ..wording import count_of
from .base import Sampler

_BLOCK = 256  # points that are looked up at a time


class Grid(Sampler):
    """Grid search: every feasible point of a finite space, in order.

    The last parameter moves fastest. A point counts as done as soon as any trial has it, whatever
    the end of that trial, so an interrupted search goes on where it stopped.

    When to use: where a finite space is small enough to try every point.

    Source: none. Deviation: none.
    """

    learns = False

    def __init__(self) -> None:
        # the space, the number of trials and the first open point of the last call
        self._last_call: tuple[Space | None, int, int] = (None, 0, 0)

    def sample(self, space: Space, history: History, n: int, rng: np.random.Generator) -> Array:
        """Return the next n points, or as many as are left.

        Raises:
            SpaceError: A parameter is continuous, or there are more than a million points.
            SpaceExhaustedError: Every point has had its trial.
        """
        grid = space.grid()
        last_space, n_trials, start = self._last_call
        if last_space is not space or n_trials > history.n:
            start = 0

        found: list[Array] = []
        n_found = 0
        first_open = len(grid)
        for begin in range(start, len(grid), _BLOCK):
            block = grid[begin : begin + _BLOCK]
            fresh = np.flatnonzero(~history.seen(block))
            if len(fresh) and not n_found:
                first_open = begin + int(fresh[0])
            found.append(block[fresh])
            n_found += len(fresh)
            if n_found >= n:
                break

        self._last_call = (space, history.n, first_open)
        if not n_found:
            raise SpaceExhaustedError(
                f"every point of the grid has had its trial: {count_of(len(grid), 'point')}"
            )
        return np.concatenate(found)[:n].copy()
