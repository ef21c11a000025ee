"""The steps that an objective reports: whether they grow as the trial trains."""

from __future__ import annotations


class ReportedSteps:
    """Steps that one handle was given.

    Args:
        number: The trial's.
    """

    __slots__ = ("_fall", "_first", "_last", "_n", "_number")

    def __init__(self, number: int) -> None:
        self._number = number
        self._n = 0
        self._first = self._last = 0.0
        self._fall: tuple[float, float] | None = None

    def count(self, step: float) -> None:
        """Take note of a step."""
        if self._n == 0:
            self._first = step
        elif step < self._last and self._fall is None:
            self._fall = (self._last, step)
        self._last = step
        self._n += 1

    @property
    def remarks(self) -> dict[str, str]:
        """What the user should know of them, topic to text; empty for nothing."""
        fault = self._describe_fault()
        if fault is None:
            return {}
        return {
            "steps": f"trial {self._number} {fault}: a step says how far a trial has trained, so "
            "it grows from report to report; the value comes first, trial.report(value, step)"
        }

    def _describe_fault(self) -> str | None:
        if self._fall is not None:
            return f"reported step {self._fall[1]:g} after step {self._fall[0]:g}"
        if self._n > 2 and self._first == self._last:
            return f"reported {self._n} times at the same step, {self._last:g}"
        return None
