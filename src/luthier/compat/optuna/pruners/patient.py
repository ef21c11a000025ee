"""Patience around another pruner."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..marks import experimental_class
from ..trial.frozen import FrozenTrial
from .base import BasePruner, sign_of

if TYPE_CHECKING:
    from ..study.shape import StudyLike


@experimental_class("2.8.0")
class PatientPruner(BasePruner):
    """Lets another pruner decide only once a trial has not improved for some reports.

    Args:
        wrapped_pruner: The other pruner; None to prune where patience ends.
        patience: For how many reports.
        min_delta: By how much a report must be better to count.

    Raises:
        ValueError: An argument is negative.
    """

    def __init__(
        self, wrapped_pruner: BasePruner | None, patience: int, min_delta: float = 0.0
    ) -> None:
        for name, value in (("patience", patience), ("min_delta", min_delta)):
            if value < 0:
                raise ValueError(f"{name} cannot be negative but got {value}.")
        self._wrapped_pruner = wrapped_pruner
        self._patience = patience
        self._min_delta = min_delta

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        reports = trial.intermediate_values
        steps = sorted(reports)
        if len(steps) <= self._patience + 1:
            return False
        sign = sign_of(study)
        losses = [sign * reports[s] for s in steps]
        split = len(steps) - self._patience - 1
        before = min((v for v in losses[:split] if not math.isnan(v)), default=math.nan)
        after = min((v for v in losses[split:] if not math.isnan(v)), default=math.nan)
        if not before + self._min_delta < after:
            return False
        return self._wrapped_pruner is None or self._wrapped_pruner.prune(study, trial)
