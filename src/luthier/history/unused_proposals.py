"""Proposals that objectives did not use as they were, as unit columns of the present space."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace

from ..space.space import Space
from ..trial.record import TrialRow
from ..typing import Array, Index, Mask
from .param_columns import ParamColumns


class UnusedProposals:
    """What was proposed to trials whose objective asked for other names, or for other ranges.

    Such a point cannot be had, or came to another one. Who proposes it again gets no further.

    Args:
        space: The parameters of the columns.
    """

    def __init__(self, space: Space) -> None:
        self._columns = ParamColumns(space)
        self._proposals: dict[int, dict[str, Any]] = {}  # by the number of the trial
        self._places: dict[int, int] = {}  # number of the trial -> row of the columns
        self._moved: dict[int, int] = {}  # of those with another value: number -> row

    def __len__(self) -> int:
        return len(self._places)

    def put(self, row: TrialRow) -> None:
        """Store the proposal of a trial, if it has one that was not used."""
        if not row.proposal or self._proposals.get(row.number) == row.proposal:
            return
        self._proposals[row.number] = row.proposal
        place = self._places.setdefault(row.number, len(self._places))
        if any(n in row.params and row.params[n] != v for n, v in row.proposal.items()):
            self._moved[row.number] = place
        self._columns.put_one(replace(row, number=place, params=row.proposal))

    def set_space(self, space: Space) -> None:
        """Encode the proposals again under a changed space."""
        self._columns.set_space(space)

    def proposal(self, number: int) -> dict[str, Any]:
        """Return what a trial was proposed and did not use; empty where it used all of it."""
        return self._proposals.get(number, {})

    @property
    def n_moved(self) -> int:
        """Number of trials that have another value than was proposed."""
        return len(self._moved)

    def moved(self) -> tuple[Index, Array]:
        """Return the numbers (r,) of those trials, and what was proposed as unit columns (r, d)."""
        numbers = np.array(sorted(self._moved), dtype=np.int64)
        at = np.array([self._moved[number] for number in numbers.tolist()], dtype=np.int64)
        fits = self._columns.fits[at]
        return numbers[fits], self._columns.X[at][fits]

    def seen(self, X: Array) -> Mask:
        """Return which points (k, d) of a finite space are among the proposals (k,)."""
        return self._columns.seen(X)
