"""Reports: what trials told on their way, as flat columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trial.record import Told
from ..typing import Array, Index, Mask


def grown(a: NDArray[Any], size: int) -> NDArray[Any]:
    """A longer copy of a column (n, ...), filled up with NaN, 0 or True by its kind."""
    fill = np.nan if a.dtype.kind == "f" else 1 if a.dtype.kind == "b" else 0
    out = np.full((size, *a.shape[1:]), fill, dtype=a.dtype)
    out[: len(a)] = a
    return out


class Reports:
    """Growable columns of intermediate values; one report a trial and step.

    Args:
        m: How many objectives.

    Attributes:
        n: How many there are.
        n_replaced: How many took the place of an earlier one for the same step.
    """

    def __init__(self, m: int) -> None:
        self.n = self.n_replaced = 0
        self._columns: dict[str, NDArray[Any]] = {
            "number": np.zeros(16, dtype=np.int64),
            "step": np.zeros(16),
            "value": np.zeros((16, m)),
        }
        self._rows: dict[int, dict[float, int]] = {}  # trial -> step -> row of the columns
        self._shown: Index | None = None  # of a cut: the rows it shows

    @property
    def whole(self) -> bool:
        """Whether all reports are shown, so that what is new since an earlier look stands at the end."""
        return self._shown is None

    def column(self, name: str) -> NDArray[Any]:
        """The numbers (r,), steps (r,) or values (r, m) told, by the column's name; read-only."""
        view = self._columns[name][: self.n]
        view.flags.writeable = False
        return view if self._shown is None else view[self._shown]

    def put(self, number: int, step: float, value: Told) -> Array:
        """Adds a report; one for the same step replaces the earlier.

        Returns what was stored (m,).
        """
        rows = self._rows.setdefault(number, {})
        row = rows.get(step)
        if row is None:
            row = rows[step] = self.n
            self.n += 1
            if self.n > len(self._columns["step"]):
                self._columns = {k: grown(a, 2 * len(a)) for k, a in self._columns.items()}
        else:
            self.n_replaced += 1
        c = self._columns
        c["number"][row] = number
        c["step"][row] = step
        c["value"][row] = value
        stored: Array = c["value"][row]
        return stored

    def of(self, number: int) -> tuple[Array, Array]:
        """(steps (k,), values (k, m)) of one trial, by step."""
        rows = self._rows.get(number, {})
        at = np.fromiter(rows.values(), dtype=np.int64, count=len(rows))
        at = at[np.argsort(self._columns["step"][at], kind="stable")]
        return self._columns["step"][at], self._columns["value"][at]

    def last(self, number: int) -> tuple[float, ...] | None:
        """What a trial told at its last step; None where it told nothing."""
        rows = self._rows.get(number)
        return tuple(self._columns["value"][rows[max(rows)]].tolist()) if rows else None

    def without(self, silent: Mask) -> Reports:
        """A copy in which some trials (n,) have told nothing."""
        cut = Reports(0)
        cut.n = self.n
        cut.n_replaced = self.n_replaced
        cut._columns = self._columns
        cut._rows = {i: rows for i, rows in self._rows.items() if not silent[i]}
        shown = np.arange(self.n) if self._shown is None else self._shown
        cut._shown = shown[~silent[self._columns["number"][shown]]]
        return cut
