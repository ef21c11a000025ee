"""One-exchange neighbourhoods: points that differ from others in one parameter."""

from __future__ import annotations

import math

import numpy as np

from ..space.space import Space
from ..typing import Array, Index

_N_STEPS = 4  # draws for each number
_MAX_CHOICES = 16  # neighbours by another choice of one parameter
_MAX_MOVES = 160  # neighbours in all


class Neighbourhood:
    """Neighbours of points: one parameter differs, a number by a normal step, a category anyhow.

    A parameter that a new choice switches on is as in the best trial that has it, or random.

    Args:
        space: The space of the points.
        n_choices: (d,) number of choices of a column, 0 for a number.
        leaders: (k, d) trials, the best first.
        rng: Source of steps and choices.

    Source: the local search of Hutter 2011 (SMAC).
    """

    def __init__(
        self, space: Space, n_choices: Index, leaders: Array, rng: np.random.Generator
    ) -> None:
        self._space = space
        self._n_choices = n_choices
        self._rng = rng
        self._best = leaders[:1]

        # (d,) the value of each column in the best trial that has it
        active = ~np.isnan(leaders)
        first = active.argmax(axis=0)
        usual = leaders[first, np.arange(space.d)]
        self._usual = np.where(active.any(axis=0), usual, np.nan)

        moves: list[tuple[int, int]] = []  # column, and how many choices further
        for j, p in enumerate(space.dists):
            if p.n_values != 1:
                other = np.arange(1, n_choices[j]) if n_choices[j] else np.arange(_N_STEPS)
                if len(other) > _MAX_CHOICES:
                    other = rng.choice(other, _MAX_CHOICES, replace=False)
                moves += [(j, int(step)) for step in other]
        self._moves = np.array(moves, dtype=np.int64).reshape(-1, 2)
        self._cell = np.array([1.0 / (p.n_values or math.inf) for p in space.dists])

    def change_choice(self) -> Array | None:
        """Return the best trial (1, d) with another choice of one category; None if it has none."""
        categories = np.flatnonzero((self._n_choices > 1) & ~np.isnan(self._best[0]))
        if not len(categories):
            return None
        moves = self._moves[self._moves[:, 0] == self._rng.choice(categories)]
        changed = self._move(self._best, moves, 0.0)
        return changed[[self._rng.integers(len(changed))]] if len(changed) else None

    def near(self, X: Array, sd: float) -> Array:
        """Return feasible neighbours of points X (k, d).

        Args:
            X: Unit columns.
            sd: Standard deviation of the step of a number; at least a cell of a discrete one.
        """
        moves = self._moves
        if len(moves) > _MAX_MOVES:
            moves = moves[self._rng.choice(len(moves), _MAX_MOVES, replace=False)]
        return self._move(X, moves, sd)

    def _move(self, X: Array, moves: Index, sd: float) -> Array:
        """Return the feasible points among X (k, d) after each of the moves (m, 2)."""
        rng = self._rng
        n_choices = self._n_choices
        moved = np.repeat(X, len(moves), axis=0)
        column, step = np.tile(moves, (len(X), 1)).T
        active = ~np.isnan(moved[np.arange(len(moved)), column])
        moved = moved[active]
        column = column[active]
        step = step[active]

        row = np.arange(len(moved))
        old = moved[row, column]
        size = np.maximum(sd, self._cell[column])
        number = np.abs(old + size * rng.standard_normal(len(moved)))
        number = np.clip(np.where(number > 1, 2 - number, number), 0.0, 1.0)  # reflected
        choice = (old + step) % np.maximum(n_choices[column], 1)
        moved[row, column] = np.where(n_choices[column] > 0, choice, number)

        if self._space.conditional or np.isnan(moved).any():
            # What the new choice switches on, or the point lacks.
            fresh = rng.random(moved.shape)
            fresh = np.where(n_choices > 0, np.floor(fresh * n_choices), fresh)
            drawn = np.isnan(self._usual) | (rng.random((len(moved), 1)) < 0.5)
            moved = np.where(np.isnan(moved), np.where(drawn, fresh, self._usual), moved)
        moved = self._space.settle(moved)
        return moved[self._space.feasible(moved)]
