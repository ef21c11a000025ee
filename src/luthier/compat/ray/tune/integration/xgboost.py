"""Callbacks of XGBoost, which report metrics such as "eval-logloss"."""

from __future__ import annotations

from typing import Any

from ..checkpoint import Checkpoint
from . import Booster, Names, missing

try:
    import xgboost
    from xgboost.callback import TrainingCallback
except ImportError as e:
    raise missing("tune.integration.xgboost", "xgboost", "xgboost") from e


class TuneReportCheckpointCallback(Booster, TrainingCallback):  # type: ignore[misc, unused-ignore]
    """Reports after each round, with the model as a checkpoint where one is due."""

    CHECKPOINT_NAME = "model.ubj"

    def __init__(
        self,
        metrics: Names = None,
        filename: str | None = None,
        frequency: int = 5,
        checkpoint_at_end: bool = True,
        results_postprocessing_fn: Any = None,
    ) -> None:
        TrainingCallback.__init__(self)
        Booster.__init__(
            self, metrics, filename, frequency, checkpoint_at_end, results_postprocessing_fn
        )
        self._last: tuple[dict[str, Any], bool] = ({}, False)  # and whether with a checkpoint

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Report a round."""
        found: dict[str, Any] = {}
        for data, metrics in evals_log.items():
            for name, values in metrics.items():
                last = values[-1]
                if isinstance(last, tuple):  # of cross-validation
                    found |= {f"{data}-{name}-mean": last[0], f"{data}-{name}-stdv": last[1]}
                else:
                    found[f"{data}-{name}"] = last
        is_due = self.is_due(epoch + 1)
        self._last = found, is_due
        self.tell(found, model, is_due)
        return False

    def after_training(self, model: Any) -> Any:
        """Report the last round once more, with the model, where its checkpoint is still due."""
        found, was_kept = self._last
        if self._at_end and not was_kept:
            self.tell(found, model, True)
        return model

    @classmethod
    def get_model(cls, checkpoint: Checkpoint, filename: str = CHECKPOINT_NAME) -> Any:
        """Return the model of a checkpoint."""
        return xgboost.Booster(model_file=f"{checkpoint.path}/{filename}")


class TuneReportCallback(TuneReportCheckpointCallback):
    """Reports after each round, without checkpoints."""

    def __init__(self, metrics: Names = None, results_postprocessing_fn: Any = None) -> None:
        super().__init__(
            metrics,
            frequency=0,
            checkpoint_at_end=False,
            results_postprocessing_fn=results_postprocessing_fn,
        )
