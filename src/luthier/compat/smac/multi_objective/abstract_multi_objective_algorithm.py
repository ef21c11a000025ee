"""What makes one cost of several: a class to be derived from."""

from __future__ import annotations

from collections.abc import Sequence


class AbstractMultiObjectiveAlgorithm:
    """Makes one cost of several: a class to be derived from."""

    def update_on_iteration_start(self) -> None:
        """Prepare for the next trial."""

    def __call__(self, values: Sequence[float]) -> float:
        """Return one cost."""
        raise NotImplementedError
