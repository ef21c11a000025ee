"""Constraints on results, as columns: what trials told of them, and by how much they break them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..typing import Array, Mask
from .report_columns import grown


class Feasibility:
    """Growable columns of constraints: feasible is what is at most 0.

    Attributes:
        columns: Name to values (n or more,), NaN where a trial did not tell; in any order.
    """

    def __init__(self) -> None:
        self.columns: dict[str, Array] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The constraints that were told of, by the alphabet.

        Whoever was heard first, the order is the same.
        """
        return tuple(sorted(self.columns))

    def put(self, number: int, told: Mapping[str, float]) -> None:
        """Notes what a trial told, instead of what it told before."""
        for name in [n for n in told if n not in self.columns]:
            self.columns[name] = np.full(16, np.nan)
        for name, column in self.columns.items():
            if number >= len(column):
                column = self.columns[name] = grown(column, max(2 * len(column), number + 1))
            column[number] = told.get(name, np.nan)

    def told(self, number: int) -> dict[str, float]:
        """What a trial told."""
        values = {
            name: float(column[number])
            for name, column in self.columns.items()
            if number < len(column)
        }
        return {name: v for name, v in values.items() if v == v}

    def table(self, n: int) -> Array:
        """(n, c) a column for each of `names`."""
        columns = [self.columns[name] for name in self.names]
        columns = [column[:n] if len(column) >= n else grown(column, n) for column in columns]
        return np.stack(columns, axis=1) if columns else np.empty((n, 0))

    def without(self, hidden: Mask) -> Feasibility:
        """A copy in which some trials (n,) have told nothing."""
        cut, n = Feasibility(), len(hidden)
        for name, column in zip(self.names, self.table(n).T, strict=True):
            shown = np.where(hidden, np.nan, column)
            if not np.isnan(shown).all():
                cut.columns[name] = shown
        return cut


def violation(constraints: Array) -> Array:
    """(n,) by how much trials break constraints (n, c).

    The sum of what is above 0, each in units of its largest.

    The units make constraints in bytes and in seconds count alike. Infinity counts twice the
    largest finite one.
    """
    above = np.nan_to_num(np.maximum(constraints, 0.0), nan=0.0, posinf=np.inf)
    worst = np.where(np.isfinite(above), above, 0.0).max(axis=0, initial=0.0)
    share = np.divide(above, np.where(worst > 0, worst, 1.0))
    share = np.where(above > 0, np.clip(share, 1e-300, 2.0), 0.0)
    total: Array = share.sum(axis=1)
    return total
