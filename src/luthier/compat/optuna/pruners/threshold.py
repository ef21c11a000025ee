"""Trials that report a value out of bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..trial.frozen import FrozenTrial
from .base import BasePruner, check_count, is_judged

if TYPE_CHECKING:
    from ..study.shape import StudyLike


def _bound(value: Any, default: float) -> float:
    if value is None:
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"The `value` argument is of type '{type(value).__name__}' but supposed to be a float."
        ) from None


class ThresholdPruner(BasePruner):
    """Prunes trials that report NaN, or a value below or above a bound.

    Args:
        lower: The least value.
        upper: The largest value.
        n_warmup_steps: Steps of a trial before it may be pruned.
        interval_steps: Steps between two looks.

    Raises:
        TypeError: A bound is no number, or there is none.
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
    ) -> None:
        if lower is None and upper is None:
            raise TypeError("Either lower or upper must be specified.")
        self._lower = _bound(lower, -math.inf)
        self._upper = _bound(upper, math.inf)
        if self._lower > self._upper:
            raise ValueError("lower should be smaller than upper.")
        check_count("Number of warmup steps", n_warmup_steps, 0)
        check_count("Pruning interval steps", interval_steps, 1)
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None or not is_judged(
            step, trial.intermediate_values, self._n_warmup_steps, self._interval_steps
        ):
            return False
        return not self._lower <= trial.intermediate_values[step] <= self._upper
