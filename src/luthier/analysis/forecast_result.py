"""The result of a forecast."""

from __future__ import annotations

from typing import NamedTuple


class Forecast(NamedTuple):
    """Forecast of a trial, from its last report to the end.

    Attributes:
        steps: (k,) from the last step reported to the one at which trials end.
        values: (k,) what is expected there, in the user's sign; the first is what was reported.
        low: (k,) and
        high: (k,) ends of an interval that holds the value with probability `level`, if the errors
            are normal.
        level: Of the interval.
    """

    steps: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    level: float

    def __repr__(self) -> str:
        end = f"{self.values[-1]:.6g} at step {self.steps[-1]:g}"
        return (
            f"Forecast({end}, {100 * self.level:g} % within {self.low[-1]:.6g} .. "
            f"{self.high[-1]:.6g})"
        )
