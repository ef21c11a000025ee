"""Columns of reports: the intermediate values of trials."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trial.record import ReportValue
from ..typing import Array, Index, Mask
from .columns import Columns


class ReportColumns:
    """Growable columns of intermediate values; one report for each trial and step.

    Args:
        m: Number of objectives.

    Attributes:
        n: Number of reports.
        n_replaced: How many took the place of an earlier one for the same step.
    """

    def __init__(self, m: int) -> None:
        self.n = 0
        self.n_replaced = 0
        self._columns = Columns(
            {
                "number": np.zeros(16, dtype=np.int64),
                "step": np.zeros(16),
                "value": np.zeros((16, m)),
            }
        )
        self._rows: dict[int, dict[float, int]] = {}  # trial -> step -> row of the columns
        self._visible: Index | None = None  # rows that a cut shows; None for all

    @property
    def is_whole(self) -> bool:
        """Whether this is no cut: reports that are new since an earlier look stand at the end."""
        return self._visible is None

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, read-only.

        Args:
            name: "number" (r,), "step" (r,) or "value" (r, m).
        """
        view = self._columns.view(name, self.n)
        return view if self._visible is None else view[self._visible]

    def put(self, number: int, step: float, value: ReportValue) -> Array:
        """Add a report, in place of an earlier one for the same step.

        Returns:
            The values that were stored (m,).
        """
        rows = self._rows.setdefault(number, {})
        row = rows.get(step)
        if row is None:
            row = rows[step] = self.n
            self.n += 1
            self._columns.make_room(self.n)
        else:
            self.n_replaced += 1

        self._columns["number"][row] = number
        self._columns["step"][row] = step
        values = self._columns["value"]
        values[row] = value
        stored: Array = values[row]
        return stored

    def of(self, number: int) -> tuple[Array, Array]:
        """Return (steps (k,), values (k, m)) of one trial, by step."""
        rows = self._rows.get(number, {})
        at = np.fromiter(rows.values(), dtype=np.int64, count=len(rows))
        at = at[np.argsort(self._columns["step"][at], kind="stable")]
        return self._columns["step"][at], self._columns["value"][at]

    def last(self, number: int) -> tuple[float, ...] | None:
        """Return the values that a trial reported at its last step; None without a report."""
        rows = self._rows.get(number)
        return tuple(self._columns["value"][rows[max(rows)]].tolist()) if rows else None

    def without(self, silent: Mask) -> ReportColumns:
        """Return a cut in which some trials (n,) have reported nothing."""
        cut = copy.copy(self)
        cut._hide(silent)
        return cut

    def _hide(self, silent: Mask) -> None:
        """Turn a fresh copy into a cut."""
        self._rows = {i: rows for i, rows in self._rows.items() if not silent[i]}
        visible = np.arange(self.n) if self._visible is None else self._visible
        self._visible = visible[~silent[self._columns["number"][visible]]]
