"""A callback of CatBoost."""

from __future__ import annotations

from typing import Any

from ..trial.live import Trial
from .pruning import pruned, report


class CatBoostPruningCallback:
    """Reports a metric of CatBoost after each round; call `check_pruned` after `fit`.

    Args:
        trial: The trial.
        metric: Its name, such as "Logloss".
        eval_set_index: Which evaluation set; None for the only one.
    """

    def __init__(self, trial: Trial, metric: str, eval_set_index: int | None = None) -> None:
        self._trial = trial
        self._metric = metric
        self._name = "validation" if eval_set_index is None else f"validation_{eval_set_index}"
        self._ended_at: int | None = None

    def after_iteration(self, info: Any) -> bool:
        """Report the metric of a round, and return whether training goes on."""
        step = info.iteration - 1
        if self._name not in info.metrics:
            raise ValueError(f"there is no evaluation set {self._name!r}: {list(info.metrics)}")
        if self._metric not in info.metrics[self._name]:
            raise ValueError(f"there is no metric {self._metric!r}")
        if report(self._trial, info.metrics[self._name][self._metric][-1], step):
            self._ended_at = step
            return False
        return True

    def check_pruned(self) -> None:
        """End the trial where the pruner has ended its training.

        Raises:
            TrialPruned: It has.
        """
        if self._ended_at is not None:
            raise pruned(self._ended_at)
