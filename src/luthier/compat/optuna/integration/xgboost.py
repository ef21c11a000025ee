"""A callback of XGBoost."""

from __future__ import annotations

from typing import Any

from xgboost.callback import TrainingCallback

from ..trial.live import Trial
from .pruning import pruned, report


class XGBoostPruningCallback(TrainingCallback):  # type: ignore[misc]  # read without XGBoost
    """Reports a metric of XGBoost after each round, for its `callbacks`.

    Args:
        trial: The trial.
        observation_key: Evaluation set and metric, such as "validation-logloss".
    """

    def __init__(self, trial: Trial, observation_key: str) -> None:
        super().__init__()
        self._trial = trial
        self._key = observation_key

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Report the metric of a round.

        Raises:
            TrialPruned: The pruner ends the trial.
            ValueError: There is no such evaluation.
        """
        values = {
            f"{name}-{metric}": history[-1]
            for name, metrics in evals_log.items()
            for metric, history in metrics.items()
        }
        if self._key not in values:
            raise ValueError(f"there is no {self._key!r} among {list(values)}")
        value = values[self._key]
        if report(self._trial, value[0] if isinstance(value, tuple) else value, epoch):
            raise pruned(epoch)
        return False
