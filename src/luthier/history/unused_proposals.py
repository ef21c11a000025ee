"""Proposals that objectives did not use as they were, as unit columns of the present space."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..space.space import Space
from ..trial.record import TrialRow
from ..typing import Array, Mask
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

    def __len__(self) -> int:
        return len(self._places)

    def put(self, row: TrialRow) -> None:
        """Store the proposal of a trial, if it has one that was not used."""
        if not row.proposal or self._proposals.get(row.number) == row.proposal:
            return
        self._proposals[row.number] = row.proposal
        place = self._places.setdefault(row.number, len(self._places))
        self._columns.put_one(replace(row, number=place, params=row.proposal))

    def set_space(self, space: Space) -> None:
        """Encode the proposals again under a changed space."""
        self._columns.set_space(space)

    def proposal(self, number: int) -> dict[str, Any]:
        """Return what a trial was proposed and did not use; empty where it used all of it."""
        return self._proposals.get(number, {})

    def seen(self, X: Array) -> Mask:
        """Return which points (k, d) of a finite space are among the proposals (k,)."""
        return self._columns.seen(X)
