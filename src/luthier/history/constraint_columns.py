"""Columns of constraints on results: values that trials noted, and by how much they break them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..typing import Array, Mask
from .columns import grow


class ConstraintColumns:
    """Growable columns of constraints; a value of at most 0 is feasible.

    A constraint gets a column when the first trial notes it.
    """

    def __init__(self, columns: Mapping[str, Array] | None = None) -> None:
        self._columns = dict(columns or {})  # name -> (n or more,), NaN where not noted

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the constraints in alphabetical order.

        So the order does not depend on which trial was first to note one.
        """
        return tuple(sorted(self._columns))

    def put(self, number: int, noted: Mapping[str, float]) -> None:
        """Store what a trial noted, in place of what it noted before."""
        if not noted and not self._columns:
            return
        for name in [name for name in noted if name not in self._columns]:
            self._columns[name] = np.full(16, np.nan)
        for name, column in self._columns.items():
            if number >= len(column):
                column = self._columns[name] = grow(column, max(2 * len(column), number + 1))
            column[number] = noted.get(name, np.nan)

    def of(self, number: int) -> dict[str, float]:
        """Return what a trial noted, by name."""
        values = {
            name: float(column[number])
            for name, column in self._columns.items()
            if number < len(column)
        }
        return {name: v for name, v in values.items() if v == v}

    def table(self, n: int) -> Array:
        """Return the values of the first n trials (n, c), a column for each of `names`."""
        columns = [self._columns[name] for name in self.names]
        columns = [column[:n] if len(column) >= n else grow(column, n) for column in columns]
        return np.stack(columns, axis=1) if columns else np.empty((n, 0))

    def without(self, hidden: Mask) -> ConstraintColumns:
        """Return a copy in which some trials (n,) have noted nothing."""
        columns = {}
        for name, column in zip(self.names, self.table(len(hidden)).T, strict=True):
            column = np.where(hidden, np.nan, column)
            if not np.isnan(column).all():
                columns[name] = column
        return ConstraintColumns(columns)


def violation(constraints: Array) -> Array:
    """Return by how much trials break constraints (n,).

    It is the sum over the constraints of what is above 0, each in units of its largest finite
    value, so that constraints in bytes and in seconds count alike. Infinity counts twice the
    largest.

    Args:
        constraints: (n, c) values; NaN where not noted.
    """
    above = np.nan_to_num(np.maximum(constraints, 0.0), nan=0.0, posinf=np.inf)
    largest = np.where(np.isfinite(above), above, 0.0).max(axis=0, initial=0.0)
    share = np.divide(above, np.where(largest > 0, largest, 1.0))
    share = np.where(above > 0, np.clip(share, 1e-300, 2.0), 0.0)
    total: Array = share.sum(axis=1)
    return total
