"""Callbacks of LightGBM, which report metrics such as "valid_0-binary_error"."""

from __future__ import annotations

from typing import Any

from ..checkpoint import Checkpoint
from . import Booster, Names, missing


class TuneReportCheckpointCallback(Booster):
    """Reports after each round, with the model as a checkpoint where one is due."""

    order = 20
    CHECKPOINT_NAME = "model.txt"

    def __call__(self, env: Any) -> None:
        """Report a round of `lightgbm.train` or `cv`."""
        found: dict[str, Any] = {}
        for data, name, value, _, *std in env.evaluation_result_list:
            if std:
                found |= {f"{data}-{name}-mean": value, f"{data}-{name}-stdv": std[0]}
            else:
                found[f"{data}-{name}"] = value
        n = env.iteration + 1
        is_last = n == env.end_iteration
        self.tell(found, env.model, self.is_due(n) or (is_last and self._at_end))

    @classmethod
    def get_model(cls, checkpoint: Checkpoint, filename: str = CHECKPOINT_NAME) -> Any:
        """Return the model of a checkpoint."""
        try:
            from lightgbm import Booster as Model
        except ImportError as e:
            raise missing("tune.integration.lightgbm", "lightgbm", "lightgbm") from e
        return Model(model_file=f"{checkpoint.path}/{filename}")


class TuneReportCallback(TuneReportCheckpointCallback):
    """Reports after each round, without checkpoints."""

    def __init__(self, metrics: Names = None, results_postprocessing_fn: Any = None) -> None:
        super().__init__(
            metrics,
            frequency=0,
            checkpoint_at_end=False,
            results_postprocessing_fn=results_postprocessing_fn,
        )
